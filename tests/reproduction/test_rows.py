"""The registry of rows: published numbers, recipes, and the choice of rows."""

import pytest

from stcnet.errors import ConfigError
from stcnet.reproduction.plans import recipe_within
from stcnet.reproduction.rows import ROWS, SPLITS, Row, chosen_rows, named_row
from stcnet.training.recipe import load_recipe

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
