"""The registry of rows: published numbers, recipes, and the choice of rows."""

import pytest

from stcnet.errors import ConfigError
from stcnet.reproduction.plans import recipe_within
from stcnet.reproduction.rows import ROWS, SPLITS, Row, chosen_rows, named_row
from stcnet.training.recipes.recipe import load_recipe

PUBLISHED = [row for row in ROWS if row.published is not None]


def test_names_are_unique_and_fit_a_folder() -> None:
    names = [row.name for row in ROWS]
    assert len(set(names)) == len(names)
    assert all(set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-") for name in names)


@pytest.mark.parametrize("row", PUBLISHED, ids=lambda row: row.name)
def test_published_scores_give_the_printed_average(row: Row) -> None:
    assert row.published is not None
    assert tuple(row.published.scores) == SPLITS
    mean = sum(row.published.scores.values()) / len(SPLITS)
    # Scores are printed with two decimals, so their mean is known to half of one.
    assert row.published.average == pytest.approx(mean, abs=0.005)


COLUMNS = {
    "S0": ".42 .55 .57 .80 .76 .76 .81 .80 .81 .81 .83 .86 .88",
    "S1": ".59 .58 .70 .84 .79 .81 .84 .84 .84 .84 .82 .88 .89",
    "S2": ".47 .51 .67 .82 .81 .82 .82 .82 .83 .84 .84 .87 .90",
    "S3": ".63 .68 .67 .87 .86 .87 .87 .85 .87 .87 .85 .89 .90",
    "S4": ".52 .65 .57 .82 .76 .81 .80 .83 .81 .81 .78 .84 .86",
    "S5": ".47 .50 .53 .75 .68 .71 .74 .74 .74 .77 .83 .86 .88",
}
"""The table of the STCNet README, copied down its columns."""


@pytest.mark.parametrize("split", SPLITS)
def test_published_scores_stand_in_their_column(split: str) -> None:
    of_rise = [row.published for row in PUBLISHED if row.published and row.name != "mazinga"]
    column = [float(score) for score in COLUMNS[split].split()]
    assert [published.scores[split] for published in of_rise] == column


def test_the_rows_of_rise_and_of_stcnet_print_another_f() -> None:
    metrics = {row.name: row.published.metric for row in ROWS if row.published}
    assert metrics["rgb-i3d-tc"] == "smoke_f1"
    assert {name for name, metric in metrics.items() if metric == "weighted_f1"} == {
        "plain-seresnext50", "stcnet-mobilenetv2", "stcnet-seresnext50",
    }  # fmt: skip


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_every_recipe_comes_with_the_package(row: Row) -> None:
    full, quick = recipe_within(row.recipe, "full"), recipe_within(row.recipe, "quick")
    assert full == load_recipe(row.recipe)
    assert (quick.epochs, quick.network.input_size) == (2, 64)
    assert full.epochs > 2
    assert full.network.input_size > 64


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_row_comes_after_the_one_that_it_starts_from(row: Row) -> None:
    if row.after is not None:
        names = [other.name for other in ROWS]
        assert names.index(row.after) < names.index(row.name)


def test_all_rows_are_chosen_where_none_is_named() -> None:
    assert chosen_rows([]) == list(ROWS)


def test_rows_come_in_the_order_of_the_table() -> None:
    assert [row.name for row in chosen_rows(["flagship", "flow-svm"])] == ["flow-svm", "flagship"]


def test_a_wrong_name_is_told_with_the_right_ones() -> None:
    with pytest.raises(ConfigError, match=r"--rows: .*got i3d; allowed: flow-svm, flow-i3d"):
        named_row("i3d")
