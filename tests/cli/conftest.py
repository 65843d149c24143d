# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""A table as users have them, and the command line run in this process."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from sklearn_transfer.__main__ import main


def make_visits() -> pd.DataFrame:
    """Three wards of sites numbered 1, 2 and 7, with numbers, text, booleans and gaps."""
    rng = np.random.default_rng(3)
    n = 240
    site = np.repeat([7, 1, 2], [90, 50, 100])
    age = rng.normal(60, 10, n).round(1)
    lab = rng.gamma(2.0, 1.0, n).round(2)
    ward = rng.choice(["ICU", "general", "ER"], n, p=[0.3, 0.5, 0.2]).astype(object)
    smoker = (rng.random(n) < 0.4).astype(object)
    slope = np.where(site == 2, -0.8, 0.8)
    predictor = 0.05 * (age - 60) + slope * (lab - 2) + (ward == "ICU")
    died = rng.random(n) < 1 / (1 + np.exp(-predictor))
    table = pd.DataFrame(
        {
            "pid": [f"p{i}" for i in rng.permutation(n)],
            "age": age,
            "lab": lab,
            "ward": ward,
            "smoker": smoker,
            "site": site,
            "outcome": np.where(died, "died", "alive"),
            "days": np.exp(1 + 0.2 * predictor + rng.normal(0, 0.3, n)).round(3),
        }
    )
    table.loc[rng.random(n) < 0.2, "lab"] = np.nan
    table.loc[rng.random(n) < 0.1, "ward"] = np.nan
    table.loc[rng.random(n) < 0.1, "smoker"] = np.nan
    return table.sample(frac=1.0, random_state=0, ignore_index=True)


@pytest.fixture(scope="session")
def visits() -> pd.DataFrame:
    return make_visits()


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Empty working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def csv(visits, folder):
    """Name of the table as a csv file in the working directory."""
    visits.to_csv("visits.csv", index=False)
    return "visits.csv"


@pytest.fixture
def run(folder, capsys):
    """Run a command; gives its code, what it said on stdout and the lines on stderr."""

    def run(*arguments):
        code = main([str(argument) for argument in arguments])
        said = capsys.readouterr()
        return code, said.out, said.err.splitlines()

    return run


@pytest.fixture
def refused(run):
    """Run a command that must be refused in one line; gives the line."""

    def refused(*arguments):
        code, out, err = run(*arguments)
        assert code == 2
        assert out == ""
        assert len(err) == 1, err
        assert err[0].startswith("error: ")
        assert "Traceback" not in err[0]
        return err[0]

    return refused


@pytest.fixture
def outcome():
    """Arguments that learn `outcome` for site 1."""
    return [
        "--target",
        "outcome",
        "--domain",
        "site",
        "--target-domain",
        "1",
        "--drop",
        "days",
        "pid",
    ]
