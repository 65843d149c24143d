# Authors: The sklearn_transfer developers
# SPDX-License-Identifier: BSD-3-Clause
"""The four hospitals of the UCI heart disease data, bundled with the package."""

from __future__ import annotations

from importlib import resources
from typing import Any

import numpy as np
from sklearn.utils import Bunch


def load_heart_hospitals(
    *, return_X_y: bool = False, as_frame: bool = True
) -> Bunch | tuple[Any, Any, Any]:
    """Load the heart disease data of four hospitals (classification).

    920 patients referred for coronary angiography at the Cleveland Clinic, in Budapest
    (`"hungary"`), Zurich and Basel (`"switzerland"`) and at the VA Medical Center of Long Beach
    (`"long_beach_va"`): one domain per hospital. The label says whether angiography found disease.

    ================= =================
    Domains                           4
    Rows                            920
    Rows per domain       123 up to 303
    Features                  13, real
    Classes                           2
    Missing cells                  16 %
    ================= =================

    Parameters
    ----------
    return_X_y : bool, default=False
        If True, return `(data, target, sample_domain)` instead of a Bunch.
    as_frame : bool, default=True
        If True, the data are a pandas DataFrame and the targets and domains are Series; otherwise
        they are NumPy arrays.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        Dictionary-like object with the attributes:

        data : {DataFrame, ndarray} of shape (920, 13)
            The features as floats, missing values kept as NaN.
        target : {Series, ndarray} of shape (920,)
            1 where disease was found, else 0.
        sample_domain : {Series, ndarray} of shape (920,)
            Hospital of each row.
        feature_names : list of str
            The 13 attributes.
        target_names : list of str
            Names of the classes 0 and 1.
        grade : {Series, ndarray} of shape (920,)
            Original grade of the disease, 0 to 4 (in Hungary 0 or 1). The label is derived from
            it, so it is no feature.
        frame : DataFrame of shape (920, 15) or None
            `data` with the columns `target` and `hospital`; None if `as_frame=False`.
        DESCR : str
            Meaning of the columns, source, licence and what was tidied.

    (data, target, sample_domain) : tuple if `return_X_y` is True
        The three of the attributes above.

    See Also
    --------
    load_eicu : Intensive care in up to 208 hospitals, from tables of your own.
    read_table : Any csv or parquet table.

    Notes
    -----
    The features `cp`, `restecg`, `slope` and `thal` are codes of categories. Which features are
    missing depends on the hospital: `slope`, `ca` and `thal` are rarely there outside Cleveland,
    and Switzerland has no cholesterol.

    The data are licensed under CC BY 4.0 (Heart Disease, UCI Machine Learning Repository,
    doi:10.24432/C52P4X). The principal investigators, whom the donors ask to be named in
    publications, are Andras Janosi, M.D. (Hungarian Institute of Cardiology, Budapest), William
    Steinbrunn, M.D. (University Hospital, Zurich), Matthias Pfisterer, M.D. (University Hospital,
    Basel) and Robert Detrano, M.D., Ph.D. (V.A. Medical Center, Long Beach, and Cleveland Clinic
    Foundation).

    References
    ----------
    .. [1] Detrano et al., "International application of a new probability algorithm for the
       diagnosis of coronary artery disease", American Journal of Cardiology 64, 304-310, 1989.

    Examples
    --------
    >>> from sklearn_transfer.datasets import load_heart_hospitals
    >>> X, y, sample_domain = load_heart_hospitals(return_X_y=True)
    >>> X.shape
    (920, 13)
    >>> y.groupby(sample_domain).mean().round(2).to_dict()
    {'cleveland': 0.46, 'hungary': 0.36, 'long_beach_va': 0.74, 'switzerland': 0.93}
    """
    import pandas as pd

    folder = resources.files("sklearn_transfer.datasets").joinpath("data")
    with folder.joinpath("heart_hospitals.csv").open("rb") as file:
        table = pd.read_csv(file)
    sample_domain = table.pop("hospital")
    grade = table.pop("grade")
    target = (grade > 0).astype(np.int64).rename("target")
    feature_names = list(table.columns)
    data = table.astype(np.float64)
    frame = data.assign(target=target, hospital=sample_domain)

    if not as_frame:
        data = data.to_numpy()
        target, grade = target.to_numpy(), grade.to_numpy()
        sample_domain = sample_domain.to_numpy(dtype=str)
        frame = None
    if return_X_y:
        return data, target, sample_domain
    return Bunch(
        data=data,
        target=target,
        sample_domain=sample_domain,
        frame=frame,
        feature_names=feature_names,
        target_names=["no disease", "disease"],
        grade=grade,
        DESCR=folder.joinpath("README.md").read_text(encoding="utf-8"),
    )
