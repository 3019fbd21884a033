#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Draws what the bench runner has kept: bars of every group, and resident memory over time against the budget.

Usage: picture.py RESULTS.json PICTURE.svg
"""
import json
import sys

import matplotlib

matplotlib.use("svg")
from matplotlib import pyplot

COLOURS = {"floor": "#9aa5b1", "library": "#2f6fb3", "yardstick": "#d9c9a3"}
LESS_IS_BETTER = {"us", "ns"}


def draw_bars(axes, group):
    """One bar for each case: the median, with a line from the least to the greatest."""
    cases = [case for case in group["cases"] if "median" in case]
    for place, case in enumerate(cases):
        axes.barh(place, case["median"], color=COLOURS[case["kind"]], height=0.7)
        axes.plot([case["min"], case["max"]], [place, place], color="#222222", linewidth=1)
        ratio = case.get("time_over_floor_of_same_chunk", case.get("time_over_best_floor"))
        text = f"{case['median']:.3g}"
        if ratio is not None and case["kind"] == "library":
            text += f"   time / floor {ratio:.2f}"
        axes.text(max(case["max"], case["median"]), place, "  " + text, va="center", fontsize=7)
    axes.set_yticks(range(len(cases)), [case["name"] for case in cases], fontsize=7)
    axes.invert_yaxis()
    most = max((case["max"] for case in cases), default=1)
    if group["unit"] in LESS_IS_BETTER and cases and most > 20 * min(case["min"] for case in cases):
        axes.set_xscale("log")
        axes.set_xlim(right=most * 6)
    else:
        axes.set_xlim(0, most * 1.45)
    better = "less is better" if group["unit"] in LESS_IS_BETTER else "more is better"
    axes.set_title(f"{group['name']}  ({group['unit']}, {better})", fontsize=9, loc="left")


def draw_traces(axes, group, budget):
    """Megabytes resident over seconds; the dashed line is the budget."""
    for case in group["cases"]:
        if not case["runs"]:
            continue
        points = [point.split(":") for point in str(case["runs"][0].get("trace", "")).split() if ":" in point]
        axes.plot([float(at) for at, _ in points], [int(size) / 2**20 for _, size in points], label=case["name"])
    axes.axhline(budget / 2**20, color="#aa3333", linestyle="--", linewidth=1, label="budget")
    axes.set_yscale("log")
    axes.set_xlabel("seconds", fontsize=8)
    axes.set_ylabel("MiB resident", fontsize=8)
    axes.legend(fontsize=7)
    axes.set_title("resident memory over time", fontsize=9, loc="left")


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    with open(sys.argv[1], encoding="utf-8") as file:
        results = json.load(file)
    groups = results["groups"]
    heights = [2 + 0.22 * len(group["cases"]) if group["name"] != "trace" else 3.5 for group in groups]
    figure, all_axes = pyplot.subplots(len(groups), 1, figsize=(10, sum(heights)), height_ratios=heights, squeeze=False)
    for group, axes in zip(groups, all_axes[:, 0]):
        if group["name"] == "trace":
            draw_traces(axes, group, results["budget"])
        else:
            draw_bars(axes, group)
    facts = results["facts"]
    about = [facts[key] for key in ("time", "cpu", "memory", "kernel") if key in facts]
    about += [f"{key[7:]}: {value}" for key, value in facts.items() if key.startswith("ufomem_")]
    title = f"ufomem: array of {results['bytes'] >> 20} MiB, budget {results['budget'] >> 20} MiB\n"
    figure.suptitle(title + ", ".join(about[:4]) + "\n" + ", ".join(about[4:]), fontsize=8)
    figure.tight_layout(rect=(0, 0, 1, 0.985))
    figure.savefig(sys.argv[2])


if __name__ == "__main__":
    main()
