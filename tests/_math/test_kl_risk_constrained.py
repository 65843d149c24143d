# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.optimize import Bounds, LinearConstraint, linprog, minimize
from scipy.sparse import csr_array

from sklearn_transfer._math import _cone_qp
from sklearn_transfer._math._kl_risk_constrained import constrained_weights, polyhedron
from sklearn_transfer._math.kl_risk import (
    effective_sample_size,
    kl_risk,
    optimal_quantities,
    optimal_weights,
    single_source_weight,
    transfer_quantity,
)

KINDS = ("caps", "floors and caps", "budget", "group", "order", "fixed total", "mass floor")


def random_problem(seed, *, extreme=False):
    rng = np.random.default_rng(seed)
    K = int(rng.integers(2, 7))
    low, high, spread = (5, 1e6, (-12, 4.6)) if extreme else (20, 2000, (-3, 1))
    n = np.exp(rng.uniform(np.log(low), np.log(high), K)).round()
    n_target, d = float(rng.integers(5, 200)), float(rng.integers(1, 30))
    deviations = rng.normal(size=(int(rng.integers(1, 7)), K)) * np.exp(rng.uniform(*spread, K))
    return deviations.T @ deviations, n, n_target, d


def constraint_of(kind, n, reference, seed):
    """Draw a constraint of its kind that `reference` weights mostly do not meet."""
    rng = np.random.default_rng(seed + 1000)
    K, identity = len(n), np.eye(len(n))
    typical = max(reference.mean(), 1e-3)
    if kind == "caps":
        return LinearConstraint(identity, -np.inf, typical * rng.uniform(0.2, 1, K))
    if kind == "floors and caps":
        caps = typical * rng.uniform(0.5, 2, K)
        return LinearConstraint(identity, caps * rng.uniform(0, 0.9, K), caps)
    if kind == "budget":
        return LinearConstraint(n, -np.inf, 0.3 * max(n @ reference, 1.0))
    if kind == "group":
        return [
            LinearConstraint(identity[0] - identity[1], 0, 0),
            LinearConstraint(np.ones(K), -np.inf, 0.7 * K * typical),
        ]
    if kind == "order":
        return LinearConstraint(np.diff(identity, axis=0), 0, np.inf)
    if kind == "fixed total":
        return LinearConstraint(np.ones(K), K * typical, K * typical)
    return [
        LinearConstraint(n, 0.3 * n.sum(), np.inf),
        LinearConstraint(identity, -np.inf, 1),
    ]


def listed(constraints):
    return constraints if isinstance(constraints, list) else [constraints]


def logarithm_and_gradient(w, M, n, n_target, d):
    v = w * n
    total = n_target + v.sum()
    numerator = d * (n_target + w @ v) + v @ M @ v
    gradient = n * (2 * (d * w + M @ v) / numerator - 2 / total)
    return np.log(numerator / (2 * total**2)), gradient


class TestOptimality:
    @pytest.mark.parametrize("kind", KINDS)
    @pytest.mark.parametrize("seed", range(8))
    def test_no_general_optimiser_finds_less_risk(self, kind, seed):
        M, n, n_target, d = random_problem(seed)
        free = optimal_weights(M, n, n_target, d)
        constraints = constraint_of(kind, n, free, seed)
        w = optimal_weights(M, n, n_target, d, constraints=constraints)
        assert w.min() >= 0
        assert polyhedron(constraints, len(n)).violation(w) < 1e-9
        optimum = np.log(kl_risk(w, M, n, n_target, d))

        rng, found = np.random.default_rng(seed), []
        for start in rng.uniform(0, 1, size=(6, len(n))):
            result = minimize(
                logarithm_and_gradient,
                start,
                args=(M, n, n_target, d),
                jac=True,
                method="SLSQP",
                bounds=[(0, None)] * len(n),
                constraints=listed(constraints),
                options={"ftol": 1e-14, "maxiter": 2000},
            )
            reached = np.maximum(result.x, 0)
            if polyhedron(constraints, len(n)).violation(reached) < 1e-7:
                found.append(result.fun)
        assert optimum == pytest.approx(min(found), abs=1e-6)

    def test_gradient_used_above_is_right(self):
        M, n, n_target, d = random_problem(3)
        w, step = np.full(len(n), 0.3), 1e-6
        differences = [
            (
                logarithm_and_gradient(w + e, M, n, n_target, d)[0]
                - logarithm_and_gradient(w - e, M, n, n_target, d)[0]
            )
            / (2 * step)
            for e in step * np.eye(len(n))
        ]
        gradient = logarithm_and_gradient(w, M, n, n_target, d)[1]
        assert_allclose(gradient, differences, rtol=1e-6, atol=1e-9)

    @pytest.mark.parametrize("kind", ["caps", "floors and caps", "budget", "fixed total"])
    @pytest.mark.parametrize("seed", range(6))
    def test_first_order_condition_in_homogeneous_coordinates(self, kind, seed):
        # The program in (y, tau) is convex, so that no feasible point lies below the tangent.
        M, n, n_target, d = random_problem(seed)
        constraints = constraint_of(kind, n, optimal_weights(M, n, n_target, d), seed)
        w = optimal_weights(M, n, n_target, d, constraints=constraints)
        allowed = polyhedron(constraints, len(n))
        total = n_target + n @ w
        x = np.append(n * w, 1.0) / total
        gradient = np.append(
            2 * (d * w + M @ (n * w)) / d / total, 2 * n_target / total
        )  # of N0 tau^2 + y'Ay/d
        rows, bounds = allowed.matrix / n, (allowed.upper, allowed.lower)
        cone = [
            np.append(sign * row, -sign * bound)
            for sign, bound_vector in zip((1, -1), bounds, strict=True)
            for row, bound in zip(rows, bound_vector, strict=True)
            if np.isfinite(bound)
        ]
        tangent = linprog(
            gradient,
            A_ub=np.array(cone),
            b_ub=np.zeros(len(cone)),
            A_eq=[np.append(np.ones(len(n)), n_target)],
            b_eq=[1],
        )
        assert gradient @ x == pytest.approx(tangent.fun, rel=1e-6)

    @pytest.mark.parametrize("kind", KINDS)
    @pytest.mark.parametrize("seed", range(6))
    def test_six_orders_of_rows_and_sixteen_of_discrepancy(self, kind, seed, monkeypatch):
        M, n, n_target, d = random_problem(seed, extreme=True)
        free = optimal_weights(M, n, n_target, d)
        constraints = constraint_of(kind, n, free, seed)
        w = optimal_weights(M, n, n_target, d, constraints=constraints)
        assert polyhedron(constraints, len(n)).violation(w) < 1e-9
        monkeypatch.setattr(_cone_qp, "_interior_point", lambda program: None)
        projected = optimal_weights(M, n, n_target, d, constraints=constraints)
        assert kl_risk(w, M, n, n_target, d) == pytest.approx(
            kl_risk(projected, M, n, n_target, d), rel=1e-6
        )

    @pytest.mark.parametrize("seed", range(12))
    @pytest.mark.parametrize("extreme", [False, True])
    def test_loose_constraints_give_the_unconstrained_weights(self, seed, extreme):
        M, n, n_target, d = random_problem(seed, extreme=extreme)
        free = optimal_weights(M, n, n_target, d)
        loose = LinearConstraint(np.eye(len(n)), -np.inf, 10 * free.max())
        assert_array_equal(optimal_weights(M, n, n_target, d, constraints=loose), free)
        # the convex program itself, without the shortcut for constraints that are met
        A = np.diag(d / n) + M
        w = constrained_weights(A, n, n_target, d, polyhedron(loose, len(n)), free)
        risk = kl_risk(free, M, n, n_target, d)
        assert kl_risk(w, M, n, n_target, d) == pytest.approx(risk, rel=1e-8)
        assert_allclose(w * n, free * n, atol=1e-4 * (n_target + free @ n))

    @pytest.mark.parametrize("seed", range(6))
    def test_cvxpy_alone_agrees_with_least_squares(self, seed, monkeypatch):
        M, n, n_target, d = random_problem(seed)
        free = optimal_weights(M, n, n_target, d)
        interior_point, solutions = _cone_qp._interior_point, []

        def recorded(program):
            solutions.append(interior_point(program))
            return solutions[-1]

        monkeypatch.setattr(_cone_qp, "_interior_point", recorded)
        loose = polyhedron(LinearConstraint(np.eye(len(n)), -np.inf, 10 * free.max()), len(n))
        constrained_weights(np.diag(d / n) + M, n, n_target, d, loose, free)
        x = solutions[-1].x
        risk = kl_risk(x[:-1] / x[-1], M, n, n_target, d)
        assert risk == pytest.approx(kl_risk(free, M, n, n_target, d), rel=1e-6)

    @pytest.mark.parametrize("kind", KINDS)
    def test_ordinary_problems_are_cvxpys(self, kind, monkeypatch):
        def unwanted(program):
            raise AssertionError("the answer of the interior-point solver was not confirmed")

        monkeypatch.setattr(_cone_qp, "_projection", unwanted)
        M, n, n_target, d = random_problem(0)
        free = optimal_weights(M, n, n_target, d)
        optimal_weights(M, n, n_target, d, constraints=constraint_of(kind, n, free, 0))

    @pytest.mark.parametrize("seed", range(4))
    def test_information_and_noise(self, seed):
        M, n, n_target, d = random_problem(seed)
        rng = np.random.default_rng(seed)
        ratios = {"information": rng.uniform(0.3, 3, len(n)), "noise": rng.uniform(0.3, 3, len(n))}
        free = optimal_weights(M, n, n_target, d, **ratios)
        caps = LinearConstraint(np.eye(len(n)), -np.inf, 0.5 * free.max())
        w = optimal_weights(M, n, n_target, d, constraints=caps, **ratios)
        found = minimize(
            lambda u: np.log(kl_risk(u, M, n, n_target, d, **ratios)),
            0.2 * np.full(len(n), free.max()),
            bounds=[(0, 0.5 * free.max())] * len(n),
            method="L-BFGS-B",
            options={"ftol": 1e-15, "gtol": 1e-10, "maxfun": 50_000},
        )
        risk = kl_risk(w, M, n, n_target, d, **ratios)
        assert np.log(risk) == pytest.approx(found.fun, abs=1e-6)

    @pytest.mark.parametrize(("lower", "upper"), [(0, 0.2), (0.3, 0.6), (0.6, 2), (0.4, 0.4)])
    def test_one_source_stops_at_the_bound(self, lower, upper):
        # the risk of one source falls up to w* and rises after it
        free = single_source_weight(0.01, 100, 1)
        w = optimal_weights(
            [[0.01]], [100], 20, 1, constraints=LinearConstraint([[1]], lower, upper)
        )
        assert_allclose(w, [np.clip(free, lower, upper)], rtol=1e-9)

    def test_bounds_do_not_belong_to_the_unconstrained_program(self):
        # min 1/2 v'Av - 1'v with the same caps is another problem, and costs a third more here
        M = np.diag([0.0, 0.02])
        n, n_target, d = np.array([2000.0, 2000.0]), 20, 1
        cap = 0.01
        w = optimal_weights(
            M, n, n_target, d, constraints=LinearConstraint(np.eye(2), -np.inf, [cap, np.inf])
        )
        A = np.diag(d / n) + M
        added = minimize(
            lambda w: 0.5 * (w * n) @ A @ (w * n) / d - (w * n).sum(),
            [cap / 2, 0.01],
            bounds=[(0, cap), (0, None)],
        ).x
        assert added[0] == w[0] == pytest.approx(cap)
        assert kl_risk(added, M, n, n_target, d) > 1.1 * kl_risk(w, M, n, n_target, d)

    def test_constrained_optimum_is_not_worth_its_transfer_quantity(self):
        M, n = np.zeros((1, 1)), [1000]
        cap = LinearConstraint([[1]], -np.inf, 0.1)
        w = optimal_weights(M, n, 10, 1, constraints=cap)
        assert transfer_quantity(w, n) == pytest.approx(100)
        # 110^2 / (10 + 0.1^2 * 1000)
        assert effective_sample_size(w, M, n, 10, 1) == pytest.approx(605)


class TestForms:
    def test_a_sequence_is_the_stack_of_its_items(self):
        M, n, n_target, d = random_problem(1)
        K = len(n)
        caps, budget = np.full(K, 0.2), 0.1 * n.sum()
        stacked = LinearConstraint(
            np.vstack([np.eye(K), n]), np.full(K + 1, -np.inf), np.append(caps, budget)
        )
        items = (
            LinearConstraint(csr_array(np.eye(K)), -np.inf, caps),
            LinearConstraint(n, -np.inf, budget),
            LinearConstraint(np.ones(K)),
        )
        expected = optimal_weights(M, n, n_target, d, constraints=stacked)
        for sequence in (items, list(items)):
            w = optimal_weights(M, n, n_target, d, constraints=sequence)
            assert_allclose(w, expected, rtol=1e-9)

    @pytest.mark.parametrize("constraints", [[], (), LinearConstraint(np.eye(2)), None])
    def test_constraints_that_bound_nothing(self, constraints):
        bias = np.array([0.3, -0.2])
        w = optimal_weights(np.outer(bias, bias), [100, 100], 20, 1, constraints=constraints)
        assert_allclose(w, [11 / 14, 8 / 7], rtol=1e-12)

    def test_cap_of_zero_leaves_a_source_out(self):
        M, n, n_target, d = random_problem(2)
        caps = np.full(len(n), np.inf)
        caps[0] = 0.0
        w = optimal_weights(
            M, n, n_target, d, constraints=LinearConstraint(np.eye(len(n)), -np.inf, caps)
        )
        rest = optimal_weights(M[1:, 1:], n[1:], n_target, d)
        assert_allclose(w, np.append(0.0, rest), rtol=1e-7, atol=1e-10)

    def test_only_the_point_zero_is_allowed(self):
        budget = LinearConstraint(np.ones(2), -np.inf, 0)
        assert_allclose(
            optimal_weights(np.eye(2), [10, 20], 5, 1, constraints=budget), 0, atol=1e-12
        )

    def test_everything_fixed(self):
        fixed = LinearConstraint(np.eye(2), [0.3, 0.7], [0.3, 0.7])
        w = optimal_weights(np.eye(2), [10, 20], 5, 1, constraints=fixed)
        assert_allclose(w, [0.3, 0.7], rtol=1e-9)

    def test_unbounded_order_and_ratio_constraints_are_fine(self):
        # cones contain the point zero, so that the risk has a minimiser in them
        M, n, n_target, d = np.diag([0.0, 1.0]), [100, 100], 20, 1
        order = LinearConstraint([[-1, 1]], 0, np.inf)
        w = optimal_weights(M, n, n_target, d, constraints=order)
        assert w[0] == pytest.approx(w[1], rel=1e-9)
        assert 0 < w[0] < 0.1


class TestRefusals:
    REFUSED_FLOORS = (
        LinearConstraint(np.eye(2), 0.1, np.inf),
        LinearConstraint(np.eye(2), [0.1, 0], np.inf),
        LinearConstraint(np.eye(2), [0.1, 0], [1, np.inf]),
        LinearConstraint([[1, 1]], 0.5, np.inf),
        LinearConstraint([[1, 0]], 0.5, 0.5),
        LinearConstraint([[-1, 0]], -np.inf, -0.5),
        LinearConstraint([[1, -1]], 0.2, 0.3),
    )

    @pytest.mark.parametrize("floor", REFUSED_FLOORS)
    def test_floor_without_upper_bound(self, floor):
        message = r"must bound every weight from above\. Got .* instead.*Add a cap"
        with pytest.raises(ValueError, match=message):
            optimal_weights(np.eye(2), [10, 20], 5, 1, constraints=floor)

    def test_unbounded_source_is_named(self):
        floor = LinearConstraint(np.eye(3), [0.1, 0, 0], [1, np.inf, 1])
        with pytest.raises(
            ValueError, match=r"upper bound on the weight\(s\) of source\(s\) \[1\]"
        ):
            optimal_weights(np.eye(3), [10, 20, 30], 5, 1, constraints=floor)

    def test_why_such_floors_are_refused(self):
        # Source 0 must be used and is far off; source 1 errs the same way a little. The more of
        # source 1, the better, for ever.
        deviation = np.array([10.0, 0.5])
        M, n, n_target, d = np.outer(deviation, deviation), [1000, 1000], 10, 1
        masses = np.logspace(0, 9, 40)
        weights = np.column_stack([np.full(40, 0.1), masses])
        assert np.all(np.diff(kl_risk(weights, M, n, n_target, d)) < 0)
        # with a cap, that is where the weight ends
        capped = LinearConstraint(np.eye(2), [0.1, 0], [1, 50])
        w = optimal_weights(M, n, n_target, d, constraints=capped)
        assert_allclose(w, [0.1, 50], rtol=1e-8)

    @pytest.mark.parametrize(
        "bounded",
        [
            LinearConstraint(np.eye(2), 0.1, 1),
            [LinearConstraint(np.eye(2), 0.1, np.inf), LinearConstraint([[10, 20]], -np.inf, 9)],
            LinearConstraint([[1, 1]], 0.5, 0.5),
        ],
    )
    def test_floor_under_caps_or_a_budget_is_accepted(self, bounded):
        w = optimal_weights(np.eye(2), [10, 20], 5, 1, constraints=bounded)
        assert polyhedron(bounded, 2).violation(w) < 1e-9

    @pytest.mark.parametrize(
        "clash",
        [
            [LinearConstraint([[1, 1]], 3, np.inf), LinearConstraint(np.eye(2), -np.inf, 1)],
            LinearConstraint([[1, 1]], -np.inf, -1),
            LinearConstraint([[1, -1], [1, -1]], [0.5, -np.inf], [np.inf, 0.2]),
        ],
    )
    def test_infeasible(self, clash):
        with pytest.raises(ValueError, match=r"at least one vector of non-negative.*instead"):
            optimal_weights(np.eye(2), [10, 20], 5, 1, constraints=clash)

    def test_rows_that_clash_are_named(self):
        rows = np.vstack([np.eye(2), [1, 1]])
        clash = LinearConstraint(rows, [-np.inf, -np.inf, 3], [1, 1, np.inf])
        with pytest.raises(ValueError, match=r"\(row\(s\) \[2\] of 3 give way first\)"):
            optimal_weights(np.eye(2), [10, 20], 5, 1, constraints=clash)

    @pytest.mark.parametrize("item", [Bounds(0, 1), "cap", {"type": "ineq"}, 3])
    def test_other_types(self, item):
        with pytest.raises(TypeError, match=r"LinearConstraint objects.*Got .* instead"):
            optimal_weights(np.eye(2), [10, 20], 5, 1, constraints=item)
        with pytest.raises(TypeError, match=r"LinearConstraint objects.*Got .* instead"):
            optimal_weights(np.eye(2), [10, 20], 5, 1, constraints=[item])

    def test_wrong_number_of_sources(self):
        with pytest.raises(ValueError, match=r"each of the 2 sources.*shape \(3, 3\)"):
            optimal_weights(
                np.eye(2), [10, 20], 5, 1, constraints=LinearConstraint(np.eye(3), 0, 1)
            )

    @pytest.mark.parametrize(
        ("matrix", "lower", "upper"),
        [
            (np.eye(2), 0, np.nan),
            ([[np.nan, 1]], 0, 1),
            ([[np.inf, 1]], 0, 1),
            (np.eye(2), 1, 0.5),
            (np.eye(2), np.inf, np.inf),
        ],
    )
    def test_bounds_that_are_no_bounds(self, matrix, lower, upper):
        constraint = LinearConstraint(matrix, lower, upper)
        with pytest.raises(ValueError, match=r"finite coefficients and bounds with lb <= ub"):
            optimal_weights(np.eye(2), [10, 20], 5, 1, constraints=constraint)


class TestSolver:
    def test_program_that_no_solver_can_do_is_reported(self, monkeypatch):
        monkeypatch.setattr(_cone_qp, "_clarabel", lambda program: None)
        with pytest.raises(RuntimeError, match="Clarabel"):
            optimal_quantities(np.eye(2), [10, 20], 5, 1)

    def test_solver_is_tried_again_in_other_units(self, monkeypatch):
        clarabel, calls = _cone_qp._clarabel, []

        def fail_first(program):
            calls.append(program)
            return None if len(calls) == 1 else clarabel(program)

        expected = optimal_quantities(np.diag([0.1, 0.2]), [100, 200], 5, 1)
        monkeypatch.setattr(_cone_qp, "_clarabel", fail_first)
        found = optimal_quantities(np.diag([0.1, 0.2]), [100, 200], 5, 1)
        assert_allclose(found, expected, rtol=1e-8)
        assert len(calls) > 1
