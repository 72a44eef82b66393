"""Scaling laws: functional forms, global fits, bootstrap, compute-optimal allocation."""

from moat.laws.chinchilla import FLOP_PER_PARAM_TOKEN, Chinchilla
from moat.laws.compare import fit_subsets, match_runs, side_by_side
from moat.laws.constants import GADRE_TASKS, GOPHER_FLOP, PRINTED, UNROUNDED, published
from moat.laws.diagnostics import binned_median
from moat.laws.errors import BadValues, FitError, LengthMismatch, MissingColumns, TooFewPoints
from moat.laws.fit import Fit, Status, huber_objective
from moat.laws.isoflop import optima, slice_optimum
from moat.laws.law import Law, Term
from moat.laws.likelihood import huber_likelihood, likelihood_ratio
from moat.laws.power import PowerLaw, fit_power
from moat.laws.profile import Profile, profile
from moat.laws.repeated import RepeatedFit, RepeatedLaw, fit_repeated
from moat.laws.separable import ErrorCurve, TiedLaw, fit_error, fit_tied
from moat.laws.split import nested_test, random_splits, split_tests

#: Laws by name, as the command line takes them.
LAWS = {"chinchilla": Chinchilla()}

__all__ = [
    "FLOP_PER_PARAM_TOKEN",
    "GADRE_TASKS",
    "GOPHER_FLOP",
    "LAWS",
    "PRINTED",
    "UNROUNDED",
    "BadValues",
    "Chinchilla",
    "ErrorCurve",
    "Fit",
    "FitError",
    "Law",
    "LengthMismatch",
    "MissingColumns",
    "PowerLaw",
    "Profile",
    "RepeatedFit",
    "RepeatedLaw",
    "Status",
    "Term",
    "TiedLaw",
    "TooFewPoints",
    "binned_median",
    "fit_error",
    "fit_power",
    "fit_repeated",
    "fit_subsets",
    "fit_tied",
    "huber_likelihood",
    "huber_objective",
    "likelihood_ratio",
    "match_runs",
    "nested_test",
    "optima",
    "profile",
    "published",
    "random_splits",
    "side_by_side",
    "slice_optimum",
    "split_tests",
]
