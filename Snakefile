# The graph: notebooks -> executed chapters and findings -> html.
# `moat plan` (part of `make book`) has fetched the sources and decided which chapters can be
# computed here; the others are published from data/findings/.
import shlex
import sys

from moat.products import libraries
from moat.publish.plan import chapter_files, load_plan, page_files, product_files, recorded_files

PLAN = load_plan()
# The folder may have a blank in its name.
MOAT = f"{shlex.quote(sys.executable)} -m moat"


# The chapters are wanted for themselves too: one that was deleted is made again.
rule all:
    input:
        "_build/html/index.html",
        expand("_build/executed/{chapter}.ipynb", chapter=PLAN.computed),
        expand("_build/findings/{chapter}.json", chapter=PLAN.computed),


# What several chapters compute alike.  It is made where a chapter that can be computed asks for it.
rule product:
    input:
        lambda wildcards: product_files(wildcards.product),
    output:
        "_build/data/{product}.npz",
    log:
        "_build/logs/product-{product}.log",
    params:
        moat=MOAT,
        # Another version of a library makes it again.
        libraries=libraries(),
    shell:
        "{params.moat} product {wildcards.product} > {log} 2>&1"


rule chapter:
    # Only the modules that the notebook imports are inputs: an edit reruns what depends on it.
    input:
        lambda wildcards: chapter_files(wildcards.chapter),
    output:
        notebook="_build/executed/{chapter}.ipynb",
        findings="_build/findings/{chapter}.json",
    log:
        "_build/logs/{chapter}.log",
    params:
        moat=MOAT,
    shell:
        "{params.moat} execute {wildcards.chapter} > {log} 2>&1"


rule html:
    input:
        expand("_build/executed/{chapter}.ipynb", chapter=PLAN.computed),
        expand("_build/findings/{chapter}.json", chapter=PLAN.computed),
        recorded_files(),
        page_files(),
    output:
        "_build/html/index.html",
    log:
        "_build/logs/html.log",
    params:
        moat=MOAT,
    shell:
        "{params.moat} render > {log} 2>&1"
