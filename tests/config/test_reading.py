from phoneprice.config.reading import AS_CONFIGURED, Reading
from phoneprice.config.schema import DataConfig


def test_what_is_given_takes_the_place_of_what_is_configured() -> None:
    data = DataConfig(delimiter=";", encoding="latin-1", target="y")
    assert AS_CONFIGURED.instead_of(data) == data
    assert Reading(encoding="utf-16", on_bad_row="skip").instead_of(data) == DataConfig(
        delimiter=";", encoding="utf-16", on_bad_row="skip", target="y"
    )
    assert Reading(missing_values=("-999",)).instead_of(data).missing_values == ("-999",)


def test_of_a_configuration() -> None:
    data = DataConfig(delimiter=";", encoding="latin-1", on_bad_row="skip", missing_values=("?",), target="y")
    assert Reading.of(data).instead_of(DataConfig()) == data.model_copy(update={"target": "price_range"})


def test_a_tab_may_be_spelled_out() -> None:
    assert Reading(r"\t").delimiter == "\t"
