"""Scaling laws: functional forms, global fits, bootstrap, compute-optimal allocation."""

from moat.errors import BadValues, FitError, LengthMismatch, MissingColumns, TooFewPoints
from moat.laws.best_split import best_split
from moat.laws.chinchilla import FLOP_PER_PARAM_TOKEN, Chinchilla, Tied
from moat.laws.compare import fit_subsets, match_runs, side_by_side
from moat.laws.constants import GADRE_TASKS, GOPHER_FLOP, PRINTED, UNROUNDED, published
from moat.laws.diagnostics import binned_median
from moat.laws.downstream import ErrorCurve, Sigmoid
from moat.laws.fit import Fit, Status, fit_targets, huber_objective
from moat.laws.isoflop import IsoFlop, optima, slice_optimum
from moat.laws.law import Law
from moat.laws.power import BatchSize, LearningRate, Power
from moat.laws.powers import SumOfPowers, Term
from moat.laws.precision import Precision
from moat.laws.profile import Profile, profile, profile_curve
from moat.laws.repeated import Repeated
from moat.laws.routed import Routed, RoutedFloor
from moat.laws.smooth import Parameter, Smooth
from moat.laws.split import nested_test, random_splits, split_tests
from moat.laws.wild import floor_profile, wild_draws, wild_test

#: Laws by name, as the command line takes them: those that need nothing but a table.
LAWS = {
    "chinchilla": Chinchilla(),
    "tied": Tied(),
    "power": Power(),
    "isoflop-akima": IsoFlop("akima"),
    "isoflop-parabola": IsoFlop("parabola"),
    "routed": Routed(),
    "routed-floor": RoutedFloor(),
    "error-curve": ErrorCurve(),
    "sigmoid": Sigmoid(),
    "learning-rate": LearningRate(),
    "batch-size": BatchSize(),
}

__all__ = [
    "FLOP_PER_PARAM_TOKEN",
    "GADRE_TASKS",
    "GOPHER_FLOP",
    "LAWS",
    "PRINTED",
    "UNROUNDED",
    "BadValues",
    "BatchSize",
    "Chinchilla",
    "ErrorCurve",
    "Fit",
    "FitError",
    "IsoFlop",
    "Law",
    "LearningRate",
    "LengthMismatch",
    "MissingColumns",
    "Parameter",
    "Power",
    "Precision",
    "Profile",
    "Repeated",
    "Routed",
    "RoutedFloor",
    "Sigmoid",
    "Smooth",
    "Status",
    "SumOfPowers",
    "Term",
    "Tied",
    "TooFewPoints",
    "best_split",
    "binned_median",
    "fit_subsets",
    "fit_targets",
    "floor_profile",
    "huber_objective",
    "match_runs",
    "nested_test",
    "optima",
    "profile",
    "profile_curve",
    "published",
    "random_splits",
    "side_by_side",
    "slice_optimum",
    "split_tests",
    "wild_draws",
    "wild_test",
]
