# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""The splitters in scikit-learn's tools: bare and in a Pipeline, with routing on and off.

`Witness` predicts whether it was trained on a row, so that every leak and every lost source row
shows in the predictions.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import make_column_transformer
from sklearn.exceptions import UnsetMetadataPassedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    GridSearchCV,
    RandomizedSearchCV,
    cross_val_predict,
    cross_val_score,
    cross_validate,
    learning_curve,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_transfer.model_selection import (
    LeaveOneDomainOut,
    StratifiedTargetKFold,
    TargetGroupKFold,
    TargetKFold,
    TargetShuffleSplit,
)
from tests.model_selection.witness import Witness, share_unseen

N_ROWS = 60
RANDOM = np.random.default_rng(7)
DOMAIN = RANDOM.permutation(np.repeat(["here", "north", "south"], [24, 20, 16]))
Y = RANDOM.integers(0, 2, N_ROWS)
PATIENTS = RANDOM.integers(0, 25, N_ROWS)
# The row and its domain, as numbers that `Witness` recognises after any scaling.
X = np.column_stack([RANDOM.permutation(N_ROWS) * 1.0, np.unique(DOMAIN, return_inverse=True)[1]])
FRAME = pd.DataFrame(X, columns=["row", "code"]).assign(hospital=DOMAIN)
TARGET = DOMAIN == "here"

SPLITTERS = [
    TargetKFold(4, target_domain="here"),
    StratifiedTargetKFold(4, target_domain="here", shuffle=True, random_state=0),
    TargetShuffleSplit(3, target_domain="here", train_size=8, random_state=0),
]
GROUP_SPLITTER = TargetGroupKFold(4, target_domain="here")


def bare():
    return Witness("here")


def in_pipeline():
    return make_pipeline(StandardScaler(), Witness("here"))


def witness(estimator):
    return estimator[-1] if hasattr(estimator, "steps") else estimator


def prefix(estimator):
    return "witness__" if hasattr(estimator, "steps") else ""


def grid(estimator):
    return {f"{prefix(estimator)}tuned": [0, 1]}


def to_fit(estimator, routing):
    """Metadata for `fit`, spelt as scikit-learn wants it: the step's name where routing is off."""
    return {("" if routing else prefix(estimator)) + "sample_domain": DOMAIN}


def metadata(estimator, routing):
    """Give the same to cross_validate and cross_val_predict."""
    params = {"params": to_fit(estimator, routing)}
    return params if routing else {**params, "groups": DOMAIN}


def as_lists(folds):
    return [(list(train), list(test)) for train, test in folds]


def direct_folds(splitter, groups=None):
    return as_lists(splitter.split(X, Y, groups, sample_domain=DOMAIN))


def assert_honest(results, splitter, groups=None):
    """Check that the folds are those of `split`, and that no test row was trained on."""
    folds = direct_folds(splitter, groups)
    indices = results["indices"]
    assert as_lists(zip(indices["train"], indices["test"], strict=True)) == folds
    assert results["test_unseen"].tolist() == [1.0] * len(folds)
    for estimator, (train, _) in zip(results["estimator"], folds, strict=True):
        assert witness(estimator).n_source_rows_ == (~TARGET[train]).sum()
        assert witness(estimator).n_target_rows_ == TARGET[train].sum()


def validated(estimator, table, **options):
    return cross_validate(
        estimator,
        table,
        Y,
        scoring={"unseen": share_unseen},
        return_indices=True,
        return_estimator=True,
        error_score="raise",
        **options,
    )


each_splitter = pytest.mark.parametrize("splitter", SPLITTERS, ids=lambda s: type(s).__name__)
each_estimator = pytest.mark.parametrize("make", [bare, in_pipeline])


@pytest.fixture(params=[False, True], ids=["routing off", "routing on"])
def routing(request):
    with sklearn.config_context(enable_metadata_routing=request.param):
        yield request.param


class TestSampleDomain:
    @each_splitter
    @each_estimator
    def test_cross_validate(self, make, splitter, routing):
        results = validated(make(), X, cv=splitter, **metadata(make(), routing))
        assert_honest(results, splitter)

    @each_splitter
    @each_estimator
    def test_cross_val_score(self, make, splitter, routing):
        scores = cross_val_score(
            make(), X, Y, cv=splitter, scoring=share_unseen, **metadata(make(), routing)
        )
        assert scores.tolist() == [1.0] * splitter.get_n_splits()

    @each_splitter
    @each_estimator
    @pytest.mark.parametrize("n_jobs", [1, 2])
    def test_grid_search(self, make, splitter, routing, n_jobs):
        search = GridSearchCV(
            make(), grid(make()), cv=splitter, scoring=share_unseen, n_jobs=n_jobs
        )
        groups = {} if routing else {"groups": DOMAIN}
        search.fit(X, Y, **to_fit(make(), routing), **groups)
        assert search.n_splits_ == splitter.get_n_splits()
        for fold in range(search.n_splits_):
            assert search.cv_results_[f"split{fold}_test_score"].tolist() == [1.0, 1.0]
        best = witness(search.best_estimator_)
        assert (best.n_target_rows_, best.n_source_rows_) == (24, 36)

    @each_estimator
    def test_randomized_search(self, make, routing):
        search = RandomizedSearchCV(
            make(), grid(make()), n_iter=1, cv=SPLITTERS[1], scoring=share_unseen, random_state=0
        )
        groups = {} if routing else {"groups": DOMAIN}
        search.fit(X, Y, **to_fit(make(), routing), **groups)
        assert search.best_score_ == 1.0

    @each_estimator
    @pytest.mark.parametrize("splitter", [TargetKFold, StratifiedTargetKFold])
    def test_cross_val_predict(self, make, splitter, routing):
        cv = splitter(4, target_domain="here", partition=True)
        seen = cross_val_predict(make(), X, Y, cv=cv, **metadata(make(), routing))
        assert not seen[TARGET].any()
        assert seen[~TARGET].all()

    def test_splits_from_a_list_need_no_metadata_for_the_splitter(self, routing):
        folds = list(SPLITTERS[1].split(X, Y, sample_domain=DOMAIN))
        results = validated(bare(), X, cv=folds, params={"sample_domain": DOMAIN})
        assert_honest(results, SPLITTERS[1])


class TestDomainColumn:
    """Nothing to pass along, so nothing to spell differently."""

    def estimator(self, kind):
        model = Witness("here", domain_column="hospital")
        if kind == "bare":
            return model
        columns = make_column_transformer(
            (StandardScaler(), ["row", "code"]),
            remainder="passthrough",
            verbose_feature_names_out=False,
        )
        return make_pipeline(columns.set_output(transform="pandas"), model)

    @pytest.mark.parametrize("kind", ["bare", "pipeline"])
    @each_splitter
    def test_cross_validate_and_grid_search(self, kind, splitter, routing):
        cv = type(splitter)(**{**vars(splitter), "domain_column": "hospital"})
        assert_honest(validated(self.estimator(kind), FRAME, cv=cv), splitter)
        search = GridSearchCV(
            self.estimator(kind), grid(self.estimator(kind)), cv=cv, scoring=share_unseen
        ).fit(FRAME, Y)
        assert search.best_score_ == 1.0

    @pytest.mark.parametrize("kind", ["bare", "pipeline"])
    def test_cross_val_predict(self, kind, routing):
        cv = TargetKFold(4, target_domain="here", domain_column="hospital", partition=True)
        seen = cross_val_predict(self.estimator(kind), FRAME, Y, cv=cv)
        assert seen.tolist() == (~TARGET).astype(int).tolist()

    def test_calibration_takes_the_folds(self, routing):
        cv = StratifiedTargetKFold(3, target_domain=0, domain_column=1)
        folds = list(cv.split(X, Y))
        assert TARGET[np.concatenate([test for _, test in folds])].all()
        ours = CalibratedClassifierCV(LogisticRegression(), cv=cv).fit(X, Y)
        listed = CalibratedClassifierCV(LogisticRegression(), cv=folds).fit(X, Y)
        assert ours.predict_proba(X).tolist() == listed.predict_proba(X).tolist()


class TestPatients:
    def honest(self, results):
        assert_honest(results, GROUP_SPLITTER, PATIENTS)
        for train, test in direct_folds(GROUP_SPLITTER, PATIENTS):
            assert not set(PATIENTS[train]) & set(PATIENTS[test])

    @each_estimator
    def test_routing_on(self, make):
        with sklearn.config_context(enable_metadata_routing=True):
            params = {"sample_domain": DOMAIN, "groups": PATIENTS}
            self.honest(validated(make(), X, cv=GROUP_SPLITTER, params=params))
            search = GridSearchCV(
                make(), grid(make()), cv=GROUP_SPLITTER, scoring=share_unseen
            ).fit(X, Y, **params)
            assert search.best_score_ == 1.0

    def test_column_with_routing_off(self):
        cv = TargetGroupKFold(4, target_domain="here", domain_column="hospital")
        model = Witness("here", domain_column="hospital")
        self.honest(validated(model, FRAME, cv=cv, groups=PATIENTS))
        search = GridSearchCV(model, {"tuned": [0, 1]}, cv=cv, scoring=share_unseen)
        assert search.fit(FRAME, Y, groups=PATIENTS).best_score_ == 1.0

    @each_estimator
    def test_list_with_routing_off_or_on(self, make, routing):
        folds = list(GROUP_SPLITTER.split(X, Y, PATIENTS, sample_domain=DOMAIN))
        params = to_fit(make(), routing)
        self.honest(validated(make(), X, cv=folds, params=params))
        search = GridSearchCV(make(), grid(make()), cv=folds, scoring=share_unseen)
        assert search.fit(X, Y, **params).best_score_ == 1.0

    @each_estimator
    def test_cross_val_predict(self, make, routing):
        cv = TargetGroupKFold(4, target_domain="here", partition=True)
        folds = list(cv.split(X, Y, PATIENTS, sample_domain=DOMAIN))
        seen = cross_val_predict(make(), X, Y, cv=folds, params=to_fit(make(), routing))
        # Source rows of patients tested on are predicted by the fold that never saw them.
        assert seen.tolist() == (~np.isin(PATIENTS, PATIENTS[TARGET])).astype(int).tolist()

    def test_few_shot_split_keeps_patients_together(self):
        cv = TargetShuffleSplit(3, target_domain="here", train_size=8, random_state=0)
        with sklearn.config_context(enable_metadata_routing=True):
            params = {"sample_domain": DOMAIN, "groups": PATIENTS}
            results = validated(bare(), X, cv=cv, params=params)
        assert_honest(results, cv, PATIENTS)
        assert [model.n_target_rows_ for model in results["estimator"]] == [8, 8, 8]


class TestLeaveOneDomainOut:
    def test_pooled_estimator(self, routing):
        """An estimator without domains: they go to the splitter alone."""
        how = {"params": {"sample_domain": DOMAIN}} if routing else {"groups": DOMAIN}
        results = cross_validate(
            LogisticRegression(), X, Y, cv=LeaveOneDomainOut(), return_indices=True, **how
        )
        tested = [set(DOMAIN[test]) for test in results["indices"]["test"]]
        assert tested == [{"here"}, {"north"}, {"south"}]
        search = GridSearchCV(LogisticRegression(), {"C": [1, 2]}, cv=LeaveOneDomainOut())
        search.fit(X, Y, **(how["params"] if routing else how))
        assert search.n_splits_ == 3
        predicted = cross_val_predict(LogisticRegression(), X, Y, cv=LeaveOneDomainOut(), **how)
        assert predicted.shape == (N_ROWS,)

    @each_estimator
    def test_transfer_estimator_stays_one_for_its_own_target(self, make, routing):
        cv = LeaveOneDomainOut(train_size=5, random_state=0)
        results = validated(make(), X, cv=cv, **metadata(make(), routing))
        assert_honest(results, cv)
        assert [witness(e).n_target_rows_ for e in results["estimator"]] == [5, 24, 24]

    def test_transfer_estimator_without_rows_of_its_target_fails_by_name(self, routing):
        with pytest.raises(ValueError, match=r"must be one of the domains .*Got 'here' instead"):
            validated(bare(), X, cv=LeaveOneDomainOut(), **metadata(bare(), routing))

    def test_loop_that_names_the_domain_left_out(self):
        cv = LeaveOneDomainOut(train_size=5, random_state=0)
        targets = []
        for train, test in cv.split(X, Y, sample_domain=DOMAIN):
            targets.append(DOMAIN[test[0]])
            model = Witness(targets[-1]).fit(X[train], Y[train], sample_domain=DOMAIN[train])
            assert model.n_target_rows_ == 5
            assert share_unseen(model, X[test]) == 1.0
        assert targets == ["here", "north", "south"]


class TestMixedUp:
    """What a user sees who takes the spelling of the other mode."""

    def test_routing_off_domains_for_the_estimator_alone(self):
        with pytest.raises(ValueError, match=r"With routing disabled, scikit-learn"):
            validated(bare(), X, cv=SPLITTERS[0], params={"sample_domain": DOMAIN})
        search = GridSearchCV(bare(), {"tuned": [0]}, cv=SPLITTERS[0])
        with pytest.raises(ValueError, match=r"pass the domains as `groups`"):
            search.fit(X, Y, sample_domain=DOMAIN)

    def test_routing_off_plain_name_in_a_pipeline(self):
        with pytest.raises(ValueError, match=r"Pipeline.fit does not accept the sample_domain"):
            validated(
                in_pipeline(),
                X,
                cv=SPLITTERS[0],
                groups=DOMAIN,
                params={"sample_domain": DOMAIN},
            )

    def test_routing_on_name_of_the_step(self):
        with (
            sklearn.config_context(enable_metadata_routing=True),
            pytest.raises(TypeError, match=r"witness__sample_domain"),
        ):
            validated(in_pipeline(), X, cv=SPLITTERS[0], params={"witness__sample_domain": DOMAIN})

    def test_routing_on_groups_as_an_argument(self):
        with (
            sklearn.config_context(enable_metadata_routing=True),
            pytest.raises(ValueError, match=r"`groups` can only be passed if"),
        ):
            validated(bare(), X, cv=SPLITTERS[0], groups=DOMAIN)

    def test_routing_on_patients_for_a_splitter_that_would_ignore_them(self):
        with (
            sklearn.config_context(enable_metadata_routing=True),
            pytest.raises(ValueError, match=r"use TargetGroupKFold"),
        ):
            validated(
                bare(),
                X,
                cv=SPLITTERS[0],
                params={"sample_domain": DOMAIN, "groups": PATIENTS},
            )

    def test_routing_off_patients_without_domains(self):
        with pytest.raises(ValueError, match=r"these are the groups to keep together here"):
            validated(bare(), X, cv=GROUP_SPLITTER, groups=PATIENTS)

    def test_cross_val_predict_without_partition(self, routing):
        with pytest.raises(ValueError, match=r"cross_val_predict only works for partitions"):
            cross_val_predict(bare(), X, Y, cv=SPLITTERS[0], **metadata(bare(), routing))

    def test_search_with_partition(self, routing):
        cv = TargetKFold(4, target_domain="here", partition=True)
        search = GridSearchCV(bare(), {"tuned": [0]}, cv=cv)
        groups = {} if routing else {"groups": DOMAIN}
        with pytest.raises(ValueError, match=r"must have `partition=False` where folds are scored"):
            search.fit(X, Y, sample_domain=DOMAIN, **groups)

    def test_requests_can_be_renamed_and_refused(self):
        with sklearn.config_context(enable_metadata_routing=True):
            cv = TargetKFold(4, target_domain="here").set_split_request(sample_domain="hospital")
            model = bare().set_fit_request(sample_domain="hospital")
            assert_honest(validated(model, X, cv=cv, params={"hospital": DOMAIN}), SPLITTERS[0])
            deaf = TargetKFold(4, target_domain="here").set_split_request(groups=None)
            with pytest.raises(UnsetMetadataPassedError):
                validated(bare(), X, cv=deaf, params={"sample_domain": DOMAIN, "groups": PATIENTS})


def test_learning_curve_takes_the_folds(routing):
    how = {"params": {"sample_domain": DOMAIN}} if routing else {"groups": DOMAIN}
    sizes, _, scores = learning_curve(
        LogisticRegression(), X, Y, cv=SPLITTERS[1], train_sizes=[0.5, 1.0], **how
    )
    assert scores.shape == (2, 4)
    assert sizes[-1] == 54
