"""Race the fit engine against the public packages that fit scaling laws or could.

    make bench-peers          or, with benchmarks/requirements-peers.txt installed:
    python benchmarks/peers.py [--draws 4000] [--rounds 9] [--only lmfit torch]

`race` explains the two races and the table, and fits with scipy alone.  Here are `chinchilla` and
`vpnls`, made for this law, and the optimisers that papers and notebooks use: autograd with BFGS
(Besiroglu et al. 2024), torch's L-BFGS with strong Wolfe line search (Muennighoff et al. 2023),
lmfit and jaxopt.  Each gets the settings at which it does best unless its name says otherwise.
A package that is not installed is named with the reason.
"""

from __future__ import annotations

import os

# Read when jax and matplotlib are imported: one thread, no window.
os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")
os.environ.setdefault("MPLBACKEND", "Agg")

import tempfile
import warnings
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from race import DELTA, HOFFMANN, Array, Fitter, Runs, arguments, both, huber, one_by_one, race
from scipy import optimize

#: Times the number of runs: what turns a mean of about 4e-6 into a sum that stopping rules can see.
LIFT = 1e3
#: Half the width of a search of three starts an axis: E, log A, log B, alpha, beta.
WIDTH = np.array([0.3, 3.0, 3.0, 0.2, 0.2])


def chinchilla(samples: dict[str, Runs]) -> list[Fitter]:
    """The package of Kyo Takano.  It minimises the mean loss with BFGS and numerical gradients."""
    from chinchilla import Chinchilla
    from chinchilla._metrics import log_huber

    folder = tempfile.TemporaryDirectory(prefix="chinchilla-")
    runs = samples["log"]

    def descend(*, plot: bool, factor: float, steps: int = 1):
        def fit(runs: Runs, start: Array) -> Array:
            table = runs.frame.rename(columns={"params": "N", "tokens": "D"})
            table.assign(C=6 * table["N"] * table["D"]).to_csv(Path(folder.name, "df.csv"), index=False)
            centre = start.copy()
            centre[1:3] = np.log(start[1:3])
            axes = [
                np.linspace(c - w, c + w, steps) if steps > 1 else [c]
                for c, w in zip(centre, WIDTH, strict=True)
            ]
            model = Chinchilla(
                folder.name,
                param_grid=dict(zip(["E", "a", "b", "alpha", "beta"], axes, strict=True)),
                loss_fn=lambda loss, fitted: factor * log_huber(loss, fitted, delta=DELTA),
                log_level=50,
            )
            if not plot:
                model.visualizer.optim = lambda *args, **options: None
            model.fit(parallel=steps > 1)
            return np.array([model.E, model.A, model.B, model.alpha, model.beta], float)

        return fit

    lifted = LIFT * len(runs.loss)
    search = one_by_one(runs, descend(plot=False, factor=lifted, steps=3))
    return [
        *both("chinchilla as shipped", "chinchilla", runs, descend(plot=True, factor=1), draws=1),
        *both("chinchilla, no plot", "chinchilla", runs, descend(plot=False, factor=1), draws=2),
        *both(
            "chinchilla, no plot, lifted loss",
            "chinchilla",
            runs,
            descend(plot=False, factor=lifted),
            draws=2,
        ),
        Fitter(
            "single", "chinchilla, no plot, lifted loss, 243 starts", "chinchilla", "log", search, rounds=1
        ),
    ]


def vpnls(samples: dict[str, Runs]) -> list[Fitter]:
    """Variable projection (arXiv:2603.22339) on the raw scale: it searches, so it needs no start."""
    from vpnls.api import fit_vpnls
    from vpnls.api import huber as loss

    settings = {
        "vpnls, default": ({}, 3),
        "vpnls, scipy": ({"method": "scipy"}, 3),
        "vpnls, scipy, leanest exact": ({"method": "scipy", "resolution": 0.2, "max_irls_iter": 100}, 4),
    }
    runs, fitters = samples["raw"], []
    for name, (options, draws) in settings.items():

        def descend(runs: Runs, start: Array, options=options) -> Array:
            # Millions and billions keep its normal equations well conditioned.
            end = fit_vpnls(runs.params / 1e6, runs.tokens / 1e9, runs.loss, loss=loss(DELTA), **options)
            return np.array([end.E, end.A * 1e6**end.alpha, end.B * 1e9**end.beta, end.alpha, end.beta])

        fit = one_by_one(runs, descend)
        fitters += [
            Fitter("draws", name, "vpnls", "raw", fit, draws),
            Fitter("single", name, "vpnls", "raw", fit),
        ]
    return fitters


def lmfit(samples: dict[str, Runs]) -> list[Fitter]:
    """scipy's robust least squares behind named parameters, with a numerical Jacobian."""
    import lmfit

    names = ["e", "a", "b", "alpha", "beta"]

    def descend(runs: Runs, start: Array) -> Array:
        n, d, target = runs.logs

        def resid(parameters):
            return runs.fitted([parameters[name].value for name in names], n, d) - target

        parameters = lmfit.Parameters()
        for name, value in zip(names, runs.theta(start), strict=True):
            parameters.add(name, value)
        robust = {"loss": "huber", "f_scale": DELTA, "x_scale": "jac", "calc_covar": False}
        end = lmfit.minimize(resid, parameters, method="least_squares", **robust)
        return runs.constants([end.params[name].value for name in names])

    return [f for runs in samples.values() for f in both("lmfit", "lmfit", runs, descend, draws=5)]


def autograd(samples: dict[str, Runs]) -> list[Fitter]:
    """The bootstrap of Besiroglu et al. 2024: their starting point and scipy's default tolerances."""
    from autograd import numpy as xp
    from autograd import value_and_grad

    def descend(runs: Runs, start: Array) -> Array:
        n, d, target = np.log(runs.params), np.log(runs.tokens), np.log(runs.loss)
        value = value_and_grad(lambda theta: xp.sum(huber(target - runs.fitted(theta, n, d, xp), xp)))
        begin = np.array([*np.log(HOFFMANN[:3]), *HOFFMANN[3:]])
        e, a, b, alpha, beta = optimize.minimize(value, begin, jac=True, method="BFGS").x
        return np.array([np.exp(e), np.exp(a), np.exp(b), alpha, beta])

    return both("autograd BFGS", "autograd", samples["log"], descend, draws=8)


def torch(samples: dict[str, Runs]) -> list[Fitter]:
    """L-BFGS with strong Wolfe line search, in double precision."""
    import torch

    torch.set_num_threads(1)

    def descend(runs: Runs, start: Array) -> Array:
        n, d, target = map(torch.tensor, runs.logs)
        theta = torch.tensor(runs.theta(start), requires_grad=True)
        optimiser = torch.optim.LBFGS(
            [theta], max_iter=2000, history_size=20, tolerance_grad=1e-12, tolerance_change=1e-16,
            line_search_fn="strong_wolfe",
        )  # fmt: skip

        def closure():
            optimiser.zero_grad()
            value = LIFT * huber(target - runs.fitted(theta, n, d, torch), torch).sum()
            value.backward()
            return value

        optimiser.step(closure)
        return runs.constants(theta.detach().numpy())

    return [f for runs in samples.values() for f in both("torch LBFGS", "torch", runs, descend, draws=4)]


def jaxopt(samples: dict[str, Runs]) -> list[Fitter]:
    """BFGS compiled for a batch of draws, which are weights on one set of runs."""
    import jax
    import jax.numpy as xp
    from jaxopt import BFGS

    jax.config.update("jax_enable_x64", True)

    def batch(runs: Runs):
        n, d, target = map(xp.asarray, runs.logs)

        def value(theta, count):
            return LIFT * xp.sum(count * huber(target - runs.fitted(theta, n, d, xp), xp))

        solver = BFGS(fun=value, maxiter=300, tol=1e-9)
        solve = jax.jit(jax.vmap(lambda count, theta: solver.run(theta, count).params, in_axes=(0, None)))

        def fit(counts: NDArray, start: Array) -> Array:
            ends = solve(xp.asarray(counts, float), xp.asarray(runs.theta(start)))
            return runs.constants(np.asarray(ends))

        return fit

    fitters = []
    for runs in samples.values():
        fit = batch(runs)
        fitters += [
            Fitter("draws", "jaxopt BFGS, jit(vmap)", "jaxopt", runs.scale, fit, 512),
            Fitter("single", "jaxopt BFGS, jit, one start", "jaxopt", runs.scale, fit),
        ]
    return fitters


def installed(samples: dict[str, Runs]) -> list[Fitter]:
    """The fitters of every package that can be imported; the others are named."""
    fitters = []
    for package in (chinchilla, vpnls, lmfit, autograd, torch, jaxopt):
        try:
            fitters += package(samples)
        except ImportError as missing:
            print(f"not raced: {package.__name__} ({missing}); see benchmarks/requirements-peers.txt")
    return fitters


if __name__ == "__main__":
    # chinchilla forks workers in a process in which jax has threads; the workers never call jax.
    warnings.filterwarnings("ignore", message="os.fork", category=RuntimeWarning)
    race(installed, "peers", arguments(__doc__))
