"""What the model card tells of the training."""

from typing import Any

import pytest

from small_cells import tiny_recipe
from stcnet.packaging.card import model_card
from stcnet.packaging.findings import Findings
from tiny_model import make_parts


def card_of(recipe: dict[str, Any]) -> str:
    """In one line, of a package whose provenance holds the recipe."""
    parts = make_parts()
    provenance = parts.description.provenance.model_copy(update={"recipe": recipe})
    described = parts.description.model_copy(update={"provenance": provenance})
    return " ".join(model_card(described, Findings()).split())


AVERAGED = (
    "start with. Trained 3 times from the same weights, with the seeds 4 to 6, and the weights of "
    "the 3 trainings averaged. The whole recipe"
)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        pytest.param({"soup": 3, "seed": 4}, AVERAGED, id="three"),
        pytest.param({"soup": 1}, "weights to start with. The whole recipe", id="one"),
    ],
)
def test_it_says_how_many_trainings_were_averaged(changes: dict[str, Any], told: str) -> None:
    assert told in card_of(tiny_recipe(**changes).model_dump(mode="json"))


def test_recipes_from_before_there_were_soups_have_cards() -> None:
    recipe = tiny_recipe().model_dump(mode="json")
    assert card_of(recipe) == card_of({key: recipe[key] for key in recipe if key != "soup"})


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        pytest.param(
            {"scenes": {"clips": 40, "share": 0.25}, "pretraining": {"epochs": 3}},
            "start with. Before any real clip it was trained on 40 rendered scenes, for 3 epochs. "
            "Of the clips of each epoch 25 % were rendered scenes. The whole recipe",
            id="before and beside",
        ),
        pytest.param(
            {"scenes": {"clips": 40, "share": 0.0}, "pretraining": {"epochs": 1}},
            "was trained on 40 rendered scenes, for 1 epoch. The whole recipe",
            id="before",
        ),
        pytest.param(
            {"scenes": {"clips": 40, "share": 0.5}},
            "start with. Of the clips of each epoch 50 % were rendered scenes. The whole recipe",
            id="beside",
        ),
    ],
)
def test_it_says_which_part_rendered_scenes_had(changes: dict[str, Any], told: str) -> None:
    assert told in card_of(tiny_recipe(**changes).model_dump(mode="json"))
