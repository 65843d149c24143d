# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Losses, votes, tables and small domains of the Cross-Learning Score; its zones."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from scipy.special import expit
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LinearRegression, LogisticRegression, RidgeClassifier
from sklearn.metrics import log_loss, make_scorer, roc_auc_score, zero_one_loss
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from sklearn_transfer.exceptions import TransferWarning
from sklearn_transfer.similarity import CrossLearningScore, cross_learning_score
from tests.similarity.cross_learning_data import domains

TREE = DecisionTreeClassifier(max_depth=3, random_state=0)


def test_scorer_of_zero_one_loss_is_zero_one_loss():
    X, y, domain = domains()
    named, by_scorer, by_name = (
        CrossLearningScore([GaussianNB(), TREE], loss=loss, random_state=0).fit(
            X, y, sample_domain=domain
        )
        for loss in ("zero_one", make_scorer(zero_one_loss, greater_is_better=False), "accuracy")
    )
    assert_allclose(by_scorer.scores_, named.scores_, atol=1e-12)
    assert_allclose(by_name.scores_, named.scores_, atol=1e-12)  # -accuracy is off by 1
    errors = (named.standard_errors_["folds"], by_scorer.standard_errors_["folds"])
    assert_allclose(errors[1], errors[0], rtol=1e-9)
    assert np.isnan(by_scorer.standard_errors_["losses"]).all()


@pytest.mark.parametrize("how", [{"standard_error": "losses"}, {"level": 1e-4}])
def test_zones_by_losses_of_rows_are_refused_for_a_scorer(how):
    X, y, domain = domains(rows=(30, 40), n_classes=2)
    measure = CrossLearningScore(GaussianNB(), loss="roc_auc", target_domain="a", random_state=0)
    measure.fit(X, y, sample_domain=domain)
    assert np.isfinite(measure.zones().standard_error).all()
    with pytest.raises(ValueError, match=r"no losses of single rows\. Got .* for loss='roc_auc'"):
        measure.zones(**how)


def test_without_a_standard_error_there_is_no_zone():
    """Folds of one row have no area under a curve."""
    X, y, domain = domains(rows=(40, 4), n_classes=2)
    y[domain == "b"] = ["no", "no", "some", "some"]
    measure = CrossLearningScore(
        GaussianNB(), loss="roc_auc", target_domain="a", random_state=0, domain_weight=0.3
    )
    with pytest.warns(TransferWarning, match="fold per row"):
        measure.fit(X, y, sample_domain=domain)
    assert np.isfinite(measure.source_scores_).all()
    assert measure.zones().zone.tolist() == ["unscored"]


def test_scorer_gets_the_rows_and_their_weights():
    X, y, domain = domains(rows=(30, 40), n_classes=2)
    weight = np.random.default_rng(0).uniform(0.5, 2.0, len(y))

    def score(estimator, X_rows, y_rows, sample_weight=None):
        p = estimator.predict_proba(X_rows)[:, 1]
        return roc_auc_score(y_rows, p, sample_weight=sample_weight)

    measure = CrossLearningScore(GaussianNB(), loss=score, random_state=0)
    measure.fit(X, y, weight, sample_domain=domain)
    a, b = domain == "a", domain == "b"
    model = GaussianNB().fit(X[b], y[b], weight[b])
    expected = roc_auc_score(y[a], model.predict_proba(X[a])[:, 1], sample_weight=weight[a])
    assert measure.cross_errors_[0, 1] == pytest.approx(-expected)


def test_log_loss_is_that_of_the_ensemble():
    X, y, domain = domains(rows=(60, 60), n_classes=2)
    models = [GaussianNB(), LogisticRegression()]
    measure = CrossLearningScore(models, loss="log_loss", random_state=0)
    measure.fit(X, y, sample_domain=domain)
    a, b = domain == "a", domain == "b"
    mixed = sum(
        w * m.fit(X[b], y[b]).predict_proba(X[a])
        for w, m in zip(measure.model_weights_[1], models, strict=True)
    )
    assert measure.cross_errors_[0, 1] == pytest.approx(log_loss(y[a], mixed))


def test_votes_of_models_without_probabilities():
    """Soft: the logistic function of the margin. Hard: one vote each, also without a margin."""
    X, y, domain = domains(rows=(40, 40), n_classes=2)
    models = [SVC(), GaussianNB()]
    a, b = domain == "a", domain == "b"
    svm, bayes = (model.fit(X[b], y[b]) for model in models)
    for voting in ("soft", "hard"):
        measure = CrossLearningScore(models, voting=voting, random_state=0)
        measure.fit(X, y, sample_domain=domain)
        w = measure.model_weights_[1]
        if voting == "soft":
            p = w[0] * expit(svm.decision_function(X[a])) + w[1] * bayes.predict_proba(X[a])[:, 1]
        else:
            second = svm.classes_[1]
            p = w[0] * (svm.predict(X[a]) == second) + w[1] * (bayes.predict(X[a]) == second)
        error = np.mean(svm.classes_[(p > 0.5).astype(int)] != y[a])
        assert measure.cross_errors_[0, 1] == pytest.approx(error)


def test_many_classes_of_which_a_domain_lacks_one():
    X, y, domain = domains(rows=(60, 60))
    kept = ~((domain == "b") & (y == "yes"))
    for model in (SVC(), GaussianNB(), RidgeClassifier()):
        measure = CrossLearningScore(model, random_state=0)
        measure.fit(X[kept], y[kept], sample_domain=domain[kept])
        assert measure.classes_.tolist() == ["no", "some", "yes"]
        a, b = (domain == "a")[kept], (domain == "b")[kept]
        fitted = model.fit(X[kept][b], y[kept][b])
        error = np.mean(fitted.predict(X[kept][a]) != y[kept][a])
        assert measure.cross_errors_[0, 1] == pytest.approx(error)


def test_tables_reach_the_models_as_they_are():
    X, y, domain = domains(rows=(60, 60), n_classes=2)
    frame = pd.DataFrame({"u": X[:, 0], "v": np.where(X[:, 1] > 0, "high", "low")})
    frame.loc[::7, "v"] = "mid"
    model = make_pipeline(
        make_column_transformer(
            (OneHotEncoder(handle_unknown="ignore"), ["v"]), remainder="passthrough"
        ),
        LogisticRegression(),
    )
    from_frame = CrossLearningScore(model, random_state=0).fit(frame, y, sample_domain=domain)
    coded = OneHotEncoder().fit_transform(frame[["v"]]).toarray()
    by_hand = np.column_stack([coded, frame.u])
    by_array = CrossLearningScore(LogisticRegression(), random_state=0)
    by_array.fit(by_hand, y, sample_domain=domain)
    assert_allclose(from_frame.scores_, by_array.scores_, atol=1e-12)
    thin = CrossLearningScore(LogisticRegression(), random_state=0)
    thin.fit(sparse.csr_array(by_hand), y, sample_domain=domain)
    assert_allclose(thin.scores_, by_array.scores_, atol=1e-12)
    a, b = domain == "a", domain == "b"
    pair = cross_learning_score(frame[a], y[a], frame[b], y[b], estimators=model, random_state=0)
    assert pair == from_frame.scores_[0, 1]


def test_weights_reach_fits_and_errors():
    X, y, domain = domains(rows=(40, 40), n_classes=2)
    weight = np.random.default_rng(0).uniform(0.5, 2.0, len(y))
    measure = CrossLearningScore(GaussianNB(), random_state=0)
    measure.fit(X, y, weight, sample_domain=domain)
    a, b = domain == "a", domain == "b"
    model = GaussianNB().fit(X[b], y[b], weight[b])
    expected = np.average(model.predict(X[a]) != y[a], weights=weight[a])
    assert measure.cross_errors_[0, 1] == pytest.approx(expected)


def test_domains_without_two_classes_are_left_out_by_name():
    X, y, domain = domains(rows=(30, 30, 30), n_classes=2)
    y[domain == "c"] = "no"
    measure = CrossLearningScore(GaussianNB(), random_state=0)
    with pytest.warns(TransferWarning, match=r"left out: \['c'\]") as said:
        measure.fit(X, y, sample_domain=domain)
    assert len(said) == 1
    assert np.isnan(measure.scores_[2, :2]).all()
    kept = domain != "c"
    rest = CrossLearningScore(GaussianNB(), random_state=0)
    rest.fit(X[kept], y[kept], sample_domain=domain[kept])
    assert_array_equal(measure.scores_[:2, :2], rest.scores_)
    assert measure.zones("a").zone.tolist()[1] == "unscored"
    target = CrossLearningScore(GaussianNB(), target_domain="c", random_state=0)
    with pytest.warns(TransferWarning, match=r"left out: \['c'\]"):
        target.fit(X, y, sample_domain=domain)
    assert np.isnan(target.source_scores_).all()
    assert set(target.zones().zone) == {"unscored"}


def test_small_domains_have_a_fold_per_row():
    X, y, domain = domains(rows=(40, 4), n_classes=2)
    y[domain == "b"] = ["no", "no", "some", "some"]
    measure = CrossLearningScore(GaussianNB(), cv=10, random_state=0)
    with pytest.warns(TransferWarning, match=r"Domains of fewer than 10 rows.*\['b'\]"):
        measure.fit(X, y, sample_domain=domain)
    b = np.flatnonzero(domain == "b")
    wrong = [
        GaussianNB().fit(X[np.delete(b, i)], y[np.delete(b, i)]).predict(X[b[[i]]]) != y[b[i]]
        for i in range(4)
    ]
    assert measure.domain_errors_[1] == pytest.approx(np.mean(wrong))


def test_level_takes_the_place_of_the_quantile():
    X, y, domain = domains(n_classes=2)
    measure = CrossLearningScore(GaussianNB(), target_domain="a", random_state=0)
    measure.fit(X, y, sample_domain=domain)
    folds, losses, kept = (
        measure.zones(**how) for how in ({}, {"standard_error": "losses"}, {"level": 1e-4})
    )
    assert_allclose(folds.negative_threshold, 3.719 * folds.standard_error)
    assert_array_equal(folds.positive_threshold, 0.0)
    assert (kept.negative_threshold > losses.negative_threshold).all()
    assert_array_equal(losses.standard_error, measure.standard_errors_["losses"][0, 1:])
    assert_array_equal(kept.standard_error, measure.standard_errors_["excess"][0, 1:])
    assert measure.zones(positive_z=100, negative_z=101).zone.tolist() == ["positive"] * 2
    assert measure.zones(positive_z=-100, negative_z=-99).zone.tolist() == ["negative"] * 2


def test_no_error_at_all_still_has_a_standard_error():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(80, 1)) + np.tile([-9.0, 9.0], 40)[:, None]
    y, domain = np.tile([0, 1], 40), np.repeat(["a", "b"], 40)
    measure = CrossLearningScore(GaussianNB(), target_domain="a", random_state=0)
    measure.fit(X, y, sample_domain=domain)
    share = 0.5 / 40
    expected = 0.5 * np.sqrt(2 * share * (1 - share) / 40)
    for how in ("folds", "losses"):
        assert measure.zones(standard_error=how).standard_error[0] == pytest.approx(expected)
    assert measure.zones().zone.tolist() == ["positive"]


def test_estimators_of_any_form_have_names():
    X, y, domain = domains(rows=(30, 30), n_classes=2)
    for given, names in [
        (GaussianNB(), ["gaussiannb"]),
        ([GaussianNB(), TREE], ["gaussiannb", "decisiontreeclassifier"]),
        ([TREE, TREE], ["decisiontreeclassifier_1", "decisiontreeclassifier_2"]),
        ([("bayes", GaussianNB()), ("tree", TREE)], ["bayes", "tree"]),
        ({"bayes": GaussianNB(), "tree": TREE}, ["bayes", "tree"]),
    ]:
        measure = CrossLearningScore(given, random_state=0).fit(X, y, sample_domain=domain)
        assert measure.model_names_ == names


@pytest.mark.parametrize(
    ("params", "says"),
    [
        ({"estimators": []}, "must hold at least one model"),
        ({"estimators": [("m", GaussianNB()), ("m", TREE)]}, "no name twice"),
        ({"estimators": [GaussianNB(), LinearRegression()]}, "all be classifiers or all"),
        ({"estimators": GaussianNB(), "loss": "squared_error"}, "which are classifiers"),
        ({"estimators": LinearRegression(), "loss": "log_loss"}, "which are regressors"),
        ({"voting": "hard", "loss": "log_loss"}, "votes give no probabilities"),
        ({"loss": "no such scorer"}, "'loss' parameter"),
    ],
)
def test_unusable_models_and_losses_are_refused(params, says):
    X, y, domain = domains(rows=(20, 20), n_classes=2)
    with pytest.raises(ValueError, match=says):
        CrossLearningScore(**params).fit(X, y, sample_domain=domain)


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ({"target": "z"}, "must be the domain whose scores were computed"),
        ({"positive_z": 4.0}, "must not exceed"),
        ({"positive_z": "0"}, "`positive_z` must be a number.*Got '0' instead"),
        ({"negative_z": np.nan}, "`negative_z` must be a number.*Got nan instead"),
        ({"standard_error": "rows"}, '"folds" or "losses"'),
        ({"level": 0.7}, "between 0 and 0.5"),
    ],
)
def test_unusable_zones_are_refused(how, says):
    X, y, domain = domains(rows=(20, 20), n_classes=2)
    measure = CrossLearningScore(GaussianNB(), target_domain="a", random_state=0)
    measure.fit(X, y, sample_domain=domain)
    with pytest.raises(ValueError, match=says):
        measure.zones(**how)
    measure.set_params(target_domain=None).fit(X, y, sample_domain=domain)
    if "target" in how:
        with pytest.raises(ValueError, match="one of the domains, 'a', 'b'"):
            measure.zones(**how)
        with pytest.raises(ValueError, match="None instead"):
            measure.zones()


@pytest.mark.parametrize(
    ("cut", "says"),
    [
        ((22, 20), "`y_target` must have one entry per row of `X_target`. Got 22 entries for 20"),
        ((20, 22), "`y_source` must have one entry per row of `X_source`. Got 22 entries for 20"),
    ],
)
def test_labels_of_one_table_are_not_given_to_the_other(cut, says):
    """Also where the lengths of both together are right."""
    X, y, _ = domains(rows=(20, 20), n_classes=2)
    y_target, y_source = y[: cut[0]], np.resize(y, cut[1])
    y_source = y[cut[0] :] if cut[0] == 22 else y_source
    with pytest.raises(ValueError, match=says):
        cross_learning_score(X[:20], y_target, X[20:], y_source, estimators=GaussianNB())


def test_tables_of_other_columns_are_refused():
    X, y, _ = domains(rows=(20, 20), n_classes=2)
    for wrap in (np.asarray, sparse.csr_array):
        with pytest.raises(ValueError, match=r"must have the same columns.*\(3,\) and \(2,\)"):
            cross_learning_score(
                wrap(X[:20]), y[:20], wrap(X[20:, :2]), y[20:], estimators=LogisticRegression()
            )
