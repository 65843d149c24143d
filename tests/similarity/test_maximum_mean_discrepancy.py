# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""Maximum mean discrepancy against a double loop, and what all measures of rows refuse."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.testing import assert_allclose
from scipy.sparse import csr_matrix
from scipy.spatial.distance import pdist

from sklearn_transfer.exceptions import TransferWarning
from sklearn_transfer.similarity import (
    KLDivergence,
    MaximumMeanDiscrepancy,
    OTDatasetDistance,
    WassersteinDistance,
    maximum_mean_discrepancy,
)


def naive(X, Y, bandwidth, *, unbiased):
    """Squared discrepancy by loops over pairs of rows."""

    def mean(A, B, own):
        values = [
            np.exp(-np.sum((a - b) ** 2) / (2 * bandwidth**2))
            for i, a in enumerate(A)
            for j, b in enumerate(B)
            if not (own and unbiased and i == j)
        ]
        return np.mean(values)

    return mean(X, X, True) + mean(Y, Y, True) - 2 * mean(X, Y, False)


@pytest.fixture
def three(rng):
    X = rng.standard_normal((45, 3)) * [1.0, 10.0, 0.1]
    domain = np.repeat(["a", "b", "c"], [20, 15, 10])
    X[domain == "c"] += [1.0, 5.0, 0.0]
    return X, domain


@pytest.mark.parametrize("method", ["unbiased", "biased"])
def test_matrix_is_that_of_a_double_loop_on_the_pooled_scale(method, three):
    X, domain = three
    measure = MaximumMeanDiscrepancy(method=method).fit(X, sample_domain=domain)
    Z = X / X.std(axis=0)
    # an odd number of pairs would have one median; of an even number the lower one is taken
    distances = np.sort(pdist(Z))
    assert_allclose(measure.bandwidth_, distances[(len(distances) - 1) // 2])
    for i, first in enumerate("abc"):
        for j, second in enumerate("abc"):
            expected = 0.0
            if i != j:
                expected = naive(
                    Z[domain == first],
                    Z[domain == second],
                    measure.bandwidth_,
                    unbiased=method == "unbiased",
                )
            assert_allclose(measure.scores_[i, j], expected, atol=1e-12)


def test_units_of_columns_do_not_matter_unless_asked_for(three):
    X, domain = three
    units = np.array([1e3, 1e-4, 7.0])
    for standardize, same in [(True, True), (False, False)]:
        measure = MaximumMeanDiscrepancy(standardize=standardize)
        scores = measure.fit(X, sample_domain=domain).scores_
        other = measure.fit(X * units + 5.0, sample_domain=domain).scores_
        assert np.allclose(scores, other, atol=1e-9) == same


@pytest.mark.parametrize("method", ["unbiased", "biased"])
def test_weights_count_copies(method, three, rng):
    X, domain = three
    copies = rng.integers(1, 4, len(X))
    measure = MaximumMeanDiscrepancy(method=method)
    weighted = measure.fit(X, None, copies, sample_domain=domain).scores_
    repeated = measure.fit(
        np.repeat(X, copies, axis=0), sample_domain=np.repeat(domain, copies)
    ).scores_
    assert_allclose(weighted, repeated, atol=1e-12)


def test_linear_statistic_takes_disjoint_pairs_in_random_order(three):
    X, domain = three
    X, Y = X[domain == "a"], X[domain == "c"]
    options = {"method": "linear", "bandwidth": 2.0}
    first, again, other = (
        maximum_mean_discrepancy(X, Y, random_state=seed, **options) for seed in (0, 0, 1)
    )
    assert first == again != other
    # a set from itself: equal pairs on both sides cancel
    assert maximum_mean_discrepancy(X, X, **options) == 0.0
    # many orders average to the unbiased statistic, which takes all pairs
    shuffled = [maximum_mean_discrepancy(X, Y, random_state=s, **options) for s in range(300)]
    error = np.std(shuffled) / np.sqrt(300)
    unbiased = maximum_mean_discrepancy(X, Y, bandwidth=2.0)
    assert abs(np.mean(shuffled) - unbiased) < 5 * error


def test_bandwidth_of_many_rows_is_that_of_a_draw(rng):
    X = rng.standard_normal((3000, 2))
    domain = np.repeat(["a", "b"], 1500)
    measure = MaximumMeanDiscrepancy(method="linear", random_state=0).fit(X, sample_domain=domain)
    again = MaximumMeanDiscrepancy(method="linear", random_state=0).fit(X, sample_domain=domain)
    assert measure.bandwidth_ == again.bandwidth_
    # median of chi with 2 degrees of freedom, times sqrt(2)
    assert_allclose(measure.bandwidth_, np.sqrt(2) * np.sqrt(2 * np.log(2)), rtol=0.05)


def test_two_tables_and_two_domains_score_alike(three):
    X, domain = three
    kept = domain != "b"
    measure = MaximumMeanDiscrepancy(target_domain="c").fit(X[kept], sample_domain=domain[kept])
    tables = X[domain == "c"], X[domain == "a"]
    assert_allclose(measure.source_scores_, maximum_mean_discrepancy(*tables))
    names = ["u", "v", "w"]
    for convert in (csr_matrix, lambda t: pd.DataFrame(t, columns=names), pl.DataFrame):
        found = maximum_mean_discrepancy(*map(convert, tables))
        assert_allclose(found, measure.source_scores_[0], rtol=1e-6)


def test_sparse_and_dense_rows_score_alike(three):
    X, domain = three
    X[np.abs(X) < 0.3] = 0.0
    X[3] = X[7]
    for measure in (
        MaximumMeanDiscrepancy(),
        MaximumMeanDiscrepancy(method="linear", random_state=0),
        KLDivergence(),
        KLDivergence(method="gaussian"),
        WassersteinDistance(),
        OTDatasetDistance(),
    ):
        y = np.arange(len(X)) % 2
        dense = measure.fit(X, y, sample_domain=domain).scores_
        assert_allclose(measure.fit(csr_matrix(X), y, sample_domain=domain).scores_, dense)


def test_what_has_no_distance_is_refused_by_name():
    frame = pd.DataFrame(
        {
            "age": [50.0, 60.0, 70.0, 80.0],
            "ward": pd.Categorical(["a", "b", "a", "b"]),
            "sex": ["f", "m", "f", "m"],
        }
    )
    domain = [0, 0, 1, 1]
    measure = MaximumMeanDiscrepancy()
    with pytest.raises(ValueError, match=r"numbers.*columns 'ward', 'sex' instead; encode"):
        measure.fit(frame, sample_domain=domain)
    with pytest.raises(ValueError, match=r"numbers.*columns 'ward', 'sex' instead; encode"):
        measure.fit(pl.from_pandas(frame), sample_domain=domain)
    with pytest.raises(ValueError, match=r"not numbers in columns 1, 2 instead"):
        measure.fit(frame.to_numpy(), sample_domain=domain)
    lacking = pd.DataFrame(
        {
            "age": [50.0, None, 70.0, 80.0],
            "dose": pd.array([1, 2, None, 4], dtype="Int64"),
            "mass": 1,
        }
    )
    for table in (lacking, pl.DataFrame({"age": [1.0, None], "dose": [None, 2], "mass": [1, 1]})):
        with pytest.raises(ValueError, match=r"columns 'age', 'dose' instead; impute"):
            measure.fit(table, sample_domain=range(len(table)))
    with pytest.raises(ValueError, match=r"infinite values in column 0 instead"):
        measure.fit(csr_matrix([[np.inf, 0.0], [0.0, 1.0]]), sample_domain=[0, 1])


def test_tables_that_do_not_match_are_refused():
    with pytest.raises(ValueError, match="2 and 1 columns"):
        maximum_mean_discrepancy([[1.0, 2.0]], [[1.0]])
    first = pd.DataFrame({"a": [1.0, 2.0], "b": [1.0, 2.0]})
    with pytest.raises(ValueError, match="'a', 'b' and 'b', 'a' instead"):
        maximum_mean_discrepancy(first, first[["b", "a"]])
    with pytest.raises(ValueError, match=r"`X_source` must be a matrix.*shape \(2,\)"):
        maximum_mean_discrepancy([[1.0]], [1.0, 2.0])
    with pytest.raises(ValueError, match=r"`X_source` must have rows"):
        maximum_mean_discrepancy([[1.0]], np.empty((0, 1)))
    with pytest.raises(
        ValueError, match="`X_target` must have rows enough to be scored: the unbiased"
    ):
        maximum_mean_discrepancy([[1.0]], [[1.0], [2.0]])


def test_domain_that_is_too_small_is_left_out_by_name(three):
    X, domain = three
    domain = domain.astype(object)
    domain[0] = "one"
    with pytest.warns(TransferWarning, match="leaves out 'one': the unbiased.*NaN"):
        measure = MaximumMeanDiscrepancy().fit(X, sample_domain=domain)
    lacking = measure.domains_ == "one"
    off_diagonal = ~np.eye(4, dtype=bool)
    involved = (lacking[:, np.newaxis] | lacking) & off_diagonal
    assert np.isnan(measure.scores_[involved]).all()
    assert np.isfinite(measure.scores_[~involved]).all()


def test_weights_that_a_statistic_cannot_take_are_refused(three):
    X, domain = three
    weight = np.linspace(0.5, 2, len(X))
    message = "must be 1 for every row.*between 0.5 and 2 instead"
    with pytest.raises(ValueError, match=message):
        MaximumMeanDiscrepancy(method="linear").fit(X, None, weight, sample_domain=domain)
    with pytest.raises(ValueError, match=message):
        KLDivergence().fit(X, None, weight, sample_domain=domain)


def test_memory_is_bounded_by_blocks(rng):
    """A kernel matrix of these rows would take 800 MB."""
    import tracemalloc

    X = rng.standard_normal((10_000, 2)).astype(np.float32)
    domain = np.repeat([0, 1], [9_990, 10])
    tracemalloc.start()
    MaximumMeanDiscrepancy(bandwidth=1.0).fit(X, sample_domain=domain)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 100e6
