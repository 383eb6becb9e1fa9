import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phoneprice.components.optimizers import SGD, Adam
from phoneprice.config.fields import choices, section
from phoneprice.config.load import config_from_toml, load_config, load_tables
from phoneprice.config.recipes import recipe
from phoneprice.config.schema import Config, DataConfig
from phoneprice.config.tables import CommandTables, CompareTable
from phoneprice.errors import ConfigError

OPTIMIZERS = list(choices(Config.model_fields["optimizer"]))
QUOTED = ", ".join(f'"{name}"' for name in OPTIMIZERS)
DATA = ", ".join(DataConfig.model_fields)
SECTIONS = "data, task, model, loss, penalty, optimizer, scheduler, validation, training, portfolio"


def faults(*overrides, environ=None, file=None):
    with pytest.raises(ConfigError) as caught:
        load_config(file, overrides, environ)
    assert caught.value.exit_code == 2
    return str(caught.value).splitlines()


@pytest.fixture
def write(tmp_path):
    def write(text):
        path = tmp_path / "own.toml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


# --- precedence and components ----------------------------------------------------------------------------------------


def test_nothing_given_is_the_defaults():
    assert load_config() == Config()


def test_the_tables_of_commands_are_left_aside(write):
    space = '[tune.space]\noptimizer.lr = "0.1..0.2"\nmodel.hidden = [[], [8]]\n'
    variants = '[compare]\nlook_for = "The loss."\nvariants.model.skip = [false]\n'
    file = write(f"[training]\nseed = 3\n{space}{variants}")
    assert load_config(file) == load_config(None, ["training.seed=3"])
    tables = load_tables(file)
    assert tables.tune.space == {"optimizer": {"lr": "0.1..0.2"}, "model": {"hidden": [[], [8]]}}
    assert tables.compare == CompareTable(variants={"model": {"skip": [False]}}, look_for="The loss.")
    assert load_tables(write("")) == load_tables("default") == load_tables(None) == CommandTables()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("tune = 1", ["tune: found 1, must be a table"]),
        ("[tune]\nspace = []", ["tune.space: found [], must be a table"]),
        ("[tune]\nspce = {}", ['tune.spce: unknown key; did you mean "space"? one of space']),
        (
            "[compare]\nlookfor = 1\nlook_for = 1\n[tune]\nspace = 2",
            [
                'compare.lookfor: unknown key; did you mean "look_for"? one of variants, look_for',
                "tune.space: found 2, must be a table",
                "compare.look_for: found 1, must be text",
            ],
        ),
    ],
)
def test_tables_of_commands_that_are_none(write, text, found):
    file = write(text)
    with pytest.raises(ConfigError) as raised:
        load_tables(file)
    assert str(raised.value).splitlines() == [f"{fault} ({file})" for fault in found]


def test_only_a_file_has_tables_of_commands():
    assert faults("tune.space.model=1", environ={"PHONEPRICE_TUNE__SPACE": "1"}) == [
        f"tune: unknown key; one of {SECTIONS} (-s)"
    ]


def test_later_layers_win(write):
    file = write("[training]\nepochs = 1\nseed = 1\nbatch_rows = 1\n")
    environ = {"PHONEPRICE_TRAINING__SEED": "2", "PHONEPRICE_TRAINING__BATCH_ROWS": "2"}
    training = load_config(file, ["training.batch_rows=3"], environ).training
    assert (training.epochs, training.seed, training.batch_rows) == (1, 2, 3)


def test_the_last_override_wins():
    assert load_config(None, ["training.seed=1", "training.seed=2"]).training.seed == 2


@pytest.mark.parametrize(
    "text", ['activation = "tanh"', 'activation = {name = "tanh"}', '[model.activation]\nname = "tanh"']
)
def test_a_component_is_a_name_or_a_table(write, text):
    assert load_config(write(f"[model]\n{text}\n")).model.activation.name == "tanh"


@pytest.mark.parametrize(
    "override",
    ["model.activation=tanh", 'model.activation="tanh"', "model.activation.name=tanh", 'model={activation="tanh"}'],
)
def test_every_way_to_name_a_component_on_the_command_line(override):
    assert load_config(None, [override]).model.activation.name == "tanh"


def test_top_level_component_by_environment():
    assert load_config(None, [], {"PHONEPRICE_OPTIMIZER": "sgd"}).optimizer == SGD()


def test_another_name_resets_the_section(write):
    file = write('[optimizer]\nname = "adam"\nlr = 0.5\nbeta1 = 0.5\n')
    assert load_config(file, ["optimizer.name=sgd"]).optimizer == SGD()


def test_the_same_name_keeps_the_section(write):
    file = write('[optimizer]\nname = "sgd"\nlr = 0.5\n')
    assert load_config(file, ["optimizer.name=sgd"]).optimizer == SGD(lr=0.5)


def test_order_within_a_layer_does_not_matter():
    assert load_config(None, ["optimizer.lr=0.5", "optimizer=sgd"]).optimizer == SGD(lr=0.5)


def test_a_component_keeps_what_the_default_configuration_says_of_it():
    assert Config().loss.distribution == "probit"
    assert load_config(None, ["loss.name=ordinal"]).loss.distribution == "probit"
    assert load_config(None, ["loss.class_weights=balanced"]).loss.distribution == "probit"
    assert load_config(None, ["loss.distribution=logit"]).loss.distribution == "logit"


def test_a_section_keeps_its_other_settings(write):
    file = write("[training.early_stopping]\npatience_epochs = 7\n")
    stopping = load_config(file, ["training.early_stopping.fraction=0.5"]).training.early_stopping
    assert (stopping.patience_epochs, stopping.fraction) == (7, 0.5)


@pytest.mark.parametrize(
    ("kind", "loss"),
    [
        ("ordinal", "ordinal"),
        ("multiclass", "cross_entropy"),
        ("binary", "binary_cross_entropy"),
        ("regression", "mse"),
    ],
)
def test_the_loss_follows_the_task_while_nobody_names_one(write, kind, loss):
    assert load_config(None, [f"task.kind={kind}"]).loss.name == loss
    assert load_config(write(f'[task]\nkind = "{kind}"\n')).loss == recipe(kind).loss


def test_a_field_of_the_loss_that_follows_can_be_set():
    assert load_config(None, ["task.kind=multiclass", "loss.label_smoothing=0.1"]).loss.label_smoothing == 0.1


def test_a_named_loss_never_changes_silently(write):
    file = write('[loss]\nname = "ordinal"\n')
    assert faults("task.kind=binary", file=file) == [
        "loss 'ordinal' is for ordinal, not for task kind 'binary'; set loss.name"
    ]


# --- values -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("override", "value"),
    [
        ("data.target=price", "price"),
        ('data.target="price"', "price"),
        ("data.target=2024", "2024"),
        ("data.target=2024-01-01", "2024-01-01"),
        ("data.target=true", "true"),
        ("data.target=a = b", "a = b"),
        ("data.target=a\nb = 1", "a\nb = 1"),
        ("data.target=1\nb = 1", "1\nb = 1"),
        ("data.target=手机", "手机"),
    ],
)
def test_text_values_stay_as_typed(override, value):
    assert load_config(None, [override]).data.target == value


def test_values_parse_as_toml():
    config = load_config(
        None, ["model.hidden=[8, 4]", "model.dropout=[0.1, 0]", "model.skip=false", "optimizer.lr=1e-2"]
    )
    assert config.model.hidden == (8, 4)
    assert config.model.dropout == (0.1, 0.0)
    assert config.model.skip is False
    assert config.optimizer.lr == 0.01


@given(st.text(min_size=1))
def test_any_quoted_text_is_read_back(text):
    from phoneprice.config.fields import toml_value

    assert config_from_toml(f"[data]\ntarget = {toml_value(text)}\n", "x").data.target == text


@given(st.text(), st.text())
def test_any_override_loads_or_is_a_config_error(key, value):
    try:
        load_config(None, [f"{key}={value}", f"data.{key}={value}", f"model.activation={value}"])
    except ConfigError as error:
        assert str(error)  # noqa: PT017 - not every text is a fault


# --- faults -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("override", "fault"),
    [
        ("optimizer.lr=.01.2", 'optimizer.lr: found ".01.2", must be a number'),
        ("optimizer.lr=-1", "optimizer.lr: found -1, must be greater than 0"),
        ("optimizer.lr=fast", 'optimizer.lr: found "fast", must be a number'),
        ("optimizer.lr=nan", "optimizer.lr: found nan, must be a finite number"),
        ("optimizer.skip_lr=inf", "optimizer.skip_lr: found inf, must be a finite number"),
        ("optimizer.skip_lr=x", 'optimizer.skip_lr: found "x", must be a number or "none"'),
        ("training.epochs=0", "training.epochs: found 0, must be at least 1"),
        ("training.epochs=1.5", "training.epochs: found 1.5, must be a whole number"),
        ("training.epochs=true", "training.epochs: found true, must be a whole number"),
        ("training.seed=4294967296", "training.seed: found 4294967296, must be less than 4294967296"),
        ("validation.folds=1001", "validation.folds: found 1001, must be at most 1000"),
        ("model.skip=1", "model.skip: found 1, must be true or false"),
        ("model.hidden=8", "model.hidden: found 8, must be a list; write -s 'model.hidden=[8]'"),
        ("model.hidden=[8, 0]", "model.hidden[1]: found 0, must be at least 1"),
        (f"model.hidden={[1] * 65}", f"model.hidden: found {str([1] * 65)[:79]}…, must be a list of at most 64"),
        ("model.dropout=lots", 'model.dropout: found "lots", must be a number or a list'),
        ("model.dropout=-1", "model.dropout: found -1, must be at least 0"),
        ("model.dropout=[0.1, 2]", "model.dropout[1]: found 2, must be less than 1"),
        ("data.target=", 'data.target: found "", must be at least 1 character long'),
        ("data.delimiter=;;", 'data.delimiter: found ";;", must be at most 1 character long'),
        ("data.target=\udcff", 'data.target: found "\\udcff", must be valid Unicode'),
        ("data.id_columns=id", """data.id_columns: found "id", must be a list; write -s 'data.id_columns=["id"]'"""),
        ("data.id_columns=[1]", "data.id_columns[0]: found 1, must be text"),
        ("data.on_bad_row=fial", 'data.on_bad_row: found "fial"; did you mean "fail"? must be "fail" or "skip"'),
        ("task.costs=[[1, {a = 1}]]", "task.costs[0][1]: found {a = 1}, must be a number"),
        ("loss.class_weights=balanc",
         'loss.class_weights: found "balanc"; did you mean "balanced"? must be "none" or "balanced" or a list'),
        ("loss.class_weights=[1, -1]", "loss.class_weights[1]: found -1, must be greater than 0"),
        ("training.early_stopping.fraction=1", "training.early_stopping.fraction: found 1, must be less than 1"),
        ("data=5", "data: found 5, must be a table"),
        ("optimizer=5", "optimizer: found 5, must be a name or a table"),
        ("data.target.x=1", "data.target.x: unknown key; data.target is a value, not a table"),
        ("data.taget=x", f'data.taget: unknown key; did you mean "target"? one of {DATA}'),
        ("dta.target=x", f'dta: unknown key; did you mean "data"? one of {SECTIONS}'),
        ("epochs=5", f'epochs: unknown key; did you mean "training.epochs"? one of {SECTIONS}'),
        ("learning_rate=5", f'learning_rate: unknown key; did you mean "optimizer.lr"? one of {SECTIONS}'),
        ("penalty.strength=1", 'penalty.strength: unknown key for "adaptive"; one of name, skip, inputs, outputs, eps'),
        ("optimizer=admaw", 'optimizer.name: found "admaw"; did you mean "adamw"? one of ' + QUOTED),
        ("optimizer.name=7", "optimizer.name: found 7; one of " + QUOTED),
        ("model.hidden=[8", 'model.hidden: found "[8", which is not valid TOML'),
        ('data.target="a', 'data.target: found "\\"a", which is not valid TOML'),
    ],
)  # fmt: skip
def test_each_fault_says_what_was_found_and_what_is_allowed(override, fault):
    assert faults(override) == [f"{fault} (-s)"]


@pytest.mark.parametrize(
    ("override", "fault"),
    [
        ("loss.delta=1", '"ordinal"; it belongs to "huber": set loss.name; one of name, distribution, class_weights'),
        (
            "optimizer.alpha=0.5",
            '"adam"; it belongs to "rmsprop": set optimizer.name; one of ' + ", ".join(Adam.model_fields),
        ),
        (
            "model.activation.slope=0.5",
            '"relu"; it belongs to "leaky_relu": set model.activation.name; one of name',
        ),
    ],
)
def test_a_setting_of_another_component(write, override, fault):
    key, _, value = override.partition("=")
    assert faults(override) == [f"{key}: unknown key for {fault} (-s)"]
    family, name = key.rpartition(".")[::2]
    file = write(f'[[portfolio]]\nname = "a"\n{family} = {{{name} = {value}}}\n')
    of_recipe = fault.replace("set ", "set portfolio.a.")
    assert faults(file=file) == [f"portfolio.a.{key}: unknown key for {of_recipe} ({file})"]


def components_by_path(model, above=""):
    for name, field in model.model_fields.items():
        if found := choices(field):
            yield f"{above}{name}", found
        elif inner := section(field):
            yield from components_by_path(inner, f"{above}{name}.")


def in_a_recipe(path, name):
    return f'[[portfolio]]\nname = "a"\n{path} = "{name}"\n'


COMPONENTS = dict(components_by_path(Config))


@pytest.mark.parametrize("path", COMPONENTS)
def test_a_component_in_any_writing(write, path):
    for name, component in COMPONENTS[path].items():
        task = [f"task.kind={min(component.tasks)}"] if path == "loss" else ["task.kind=ordinal"]
        plain, recipe = load_config(None, [*task, f"{path}={name}"]), load_config(write(in_a_recipe(path, name)), task)
        for written in (name.upper(), name.title().replace("_", ""), name.replace("_", "-")):
            assert load_config(None, [*task, f"{path}={written}"]) == plain
            assert load_config(None, [*task, f"{path}.name={written}"]) == plain
            assert load_config(write(f'{path} = {{name = "{written}"}}\n'), task) == plain
            assert load_config(write(in_a_recipe(path, written)), task) == recipe


def test_the_same_component_in_another_writing_keeps_its_settings(write):
    file = write("[optimizer]\nname = 'adam'\nbeta1 = 0.8\n")
    assert load_config(file, ["optimizer=Adam"]).optimizer == load_config(file, ["optimizer=adam"]).optimizer
    assert load_config(file, ["optimizer=Adam"]).optimizer.beta1 == 0.8


def test_unknown_component_name():
    (fault,) = faults("model.activation.name=rleu")
    assert fault.startswith('model.activation.name: found "rleu"; did you mean "relu"? one of "identity", "sigmoid", ')


@pytest.mark.parametrize(
    ("key", "text", "found", "allowed", "items"),
    [
        ("model.hidden", "32,16", '"32,16"', "a list", "[32, 16]"),
        ("model.hidden", "32, 16,", '"32, 16,"', "a list", "[32, 16]"),
        ("model.dropout", "0.1,0.2", '"0.1,0.2"', "a number or a list", "[0.1, 0.2]"),
        ("data.id_columns", "a, b", '"a, b"', "a list", '["a", "b"]'),
        ("data.id_columns", "1,2", '"1,2"', "a list", '["1", "2"]'),
        ("data.ignored_columns", "", '""', "a list", "[]"),
        ("loss.class_weights", "1,2.5", '"1,2.5"', '"none" or "balanced" or a list', "[1, 2.5]"),
    ],
)
def test_a_list_without_brackets_is_shown_with_them(key, text, found, allowed, items):
    hidden = ("model.hidden=[8, 8]",) if key == "model.dropout" else ()
    written = f"{key}={items}"
    assert faults(*hidden, f"{key}={text}") == [f"{key}: found {found}, must be {allowed}; write -s '{written}' (-s)"]
    load_config(None, [*hidden, written])


def test_a_list_in_a_file_and_in_the_environment(write):
    file = write('[model]\nhidden = "32,16"\n')
    assert faults(file=file) == [f'model.hidden: found "32,16", must be a list; write [32, 16] ({file})']
    assert faults(environ={"PHONEPRICE_MODEL__HIDDEN": "32"}) == [
        "model.hidden: found 32, must be a list; write [32] (environment variable PHONEPRICE_MODEL__HIDDEN)"
    ]


def test_no_list_is_shown_where_none_would_do():
    assert faults("model.hidden=a,b") == ['model.hidden: found "a,b", must be a list (-s)']
    assert faults("task.costs=1,2") == ['task.costs: found "1,2", must be a list (-s)']
    assert faults("task.costs=[1]") == ["task.costs[0]: found 1, must be a list (-s)"]


@pytest.mark.parametrize("override", ["foo", "=1", " =1"])
def test_an_override_without_key_or_value(override):
    assert faults(override) == [f"-s {override}: expected key=value, such as -s optimizer.lr=0.01"]


def test_rules_between_settings():
    assert faults("model.dropout=[0.1, 0.1]") == ["model: dropout has 2 values for 1 hidden layers"]
    assert faults("task.kind=regression", "task.decision=median") == [
        "task.decision is for classes, not for regression"
    ]


def test_all_faults_of_all_layers_are_listed_together(write):
    file = write('[model]\nhiden = [1]\nactivation = "rlu"\n[training]\nepochs = -5\n')
    found = faults(
        "optimizer.lr=0",
        "foo",
        environ={"PHONEPRICE_TRAINING__SEED": "x", "PHONEPRICE_TRAINING_THREADS": "1"},
        file=file,
    )
    joined = 'levels are joined by two underscores; did you mean "PHONEPRICE_TRAINING__THREADS"?'
    assert [re.sub(r" one of .* \(", " (", line) for line in found] == [
        f"PHONEPRICE_TRAINING_THREADS: {joined}",
        "-s foo: expected key=value, such as -s optimizer.lr=0.01",
        f'model.activation.name: found "rlu"; did you mean "relu"? ({file})',
        f'model.hiden: unknown key; did you mean "hidden"? ({file})',
        "optimizer.lr: found 0, must be greater than 0 (-s)",
        f"training.epochs: found -5, must be at least 1 ({file})",
        'training.seed: found "x", must be a whole number (environment variable PHONEPRICE_TRAINING__SEED)',
    ]


def test_other_programs_variables_are_left_alone():
    environ = {"PHONEPRICE_REAL_DATA": "/x", "PHONEPRICE": "1", "PHONEPRICE_": "1", "HOME": "/", "MODEL__SKIP": "0"}
    assert load_config(None, [], environ) == Config()


def test_unknown_section_by_environment():
    assert faults(environ={"PHONEPRICE_MODLE__SKIP": "false"}) == [
        f'modle: unknown key; did you mean "model"? one of {SECTIONS} (environment variable PHONEPRICE_MODLE__SKIP)'
    ]


# --- files ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("[data]\ntarget = x\n", "line 2, column 10: not valid TOML: invalid value"),
        ("[data\n", "line 1, column 6: not valid TOML: expected ']' at the end of a table declaration"),
        ("[data]\na = 'x", 'line 2, column 7: not valid TOML: expected "\'"'),
        ("[data]\n[data]\n", "line 2, column 6: not valid TOML: cannot declare ('data',) twice"),
        ("a = " + "[" * 5000, "lists or tables are nested too deeply"),
    ],
)
def test_no_toml(write, text, fault):
    file = write(text)
    assert faults(file=file) == [f"{file}: {fault}"]


def test_not_utf8(write):
    file = write("[data]\ntarget = 'prix_é'\n".encode("latin-1"))
    assert faults(file=file) == [f"{file}: byte 22 is not UTF-8; save the file as UTF-8"]


def test_byte_order_mark_and_crlf(write):
    assert load_config(write(b"\xef\xbb\xbf[data]\r\ntarget = 'x'\r\n")).data.target == "x"


def test_unreadable_file(write, monkeypatch):
    def refuse(path):
        raise PermissionError(13, "Permission denied")

    file = write("")
    monkeypatch.setattr(Path, "read_bytes", refuse)
    assert faults(file=file) == [f"{file}: cannot be read: Permission denied"]


def test_text_of_a_run_names_its_source():
    with pytest.raises(ConfigError, match=r"^training.epochs: found 0, must be at least 1 \(run/config.toml\)$"):
        config_from_toml("[training]\nepochs = 0\n", "run/config.toml")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (["task.kind=multiclass", "task.decision=median"], 'task.decision "median" needs an order'),
        (["task.kind=multiclass", "task.decision=expected_cost"], 'task.decision "expected_cost" needs task.costs'),
        (["task.costs=[[0.0, 1.0]]"], "task.costs counts only with task.decision"),
        (["task.threshold_metric=f1"], 'task.threshold_metric is for task kind "binary"'),
        (["task.kind=regression", "task.decision=median"], "task.decision is for classes, not for regression"),
        (["task.decision=expected_cost", "task.costs=[[-1.0]]"], "task.costs"),
    ],
)
def test_decisions_that_mean_nothing_are_refused(settings, message):
    with pytest.raises(ConfigError) as caught:
        load_config(None, settings)
    assert message in str(caught.value)


@pytest.mark.parametrize("number", ["9" * 5000, "0x" + "f" * 4500, "[1, " + "9" * 5000 + "]"], ids=len)
def test_a_number_of_thousands_of_digits(number: str, tmp_path: Path) -> None:
    """Python reads no more than 4,300 of them."""
    with pytest.raises(ConfigError, match=r"training\.seed: found "):
        load_config(None, [f"training.seed={number}"])
    file = tmp_path / "c.toml"
    file.write_text(f"[training]\nseed = {number}\n")
    with pytest.raises(ConfigError, match=re.escape(str(file))):
        load_config(file)


@pytest.mark.parametrize(
    ("text", "value"), [(".01", 0.01), ("+.5", 0.5), ("5.", 5.0), (".1E-2", 0.001), ("1e-2", 0.01), ("1_0", 10)]
)
def test_numbers_as_people_type_them(text: str, value: float) -> None:
    assert load_config(None, [f"optimizer.lr={text}"]).optimizer.lr == value
    assert load_config(None, [f"data.target={text}"]).data.target == text


def test_a_whole_number_may_be_typed_with_an_exponent() -> None:
    assert load_config(None, ["training.epochs=1e2"]).training.epochs == 100
    assert load_config(None, environ={"PHONEPRICE_TRAINING__EPOCHS": "2.0"}).training.epochs == 2


@pytest.mark.parametrize(
    ("override", "fault"),
    [
        (
            "data.columns.w.unit='x'",
            'data.columns.w.unit: unknown key; did you mean "units"? one of decimal, thousands,',
        ),
        ("data.columns.w.decimal=';'", 'data.columns.w.decimal: found ";", must be "." or "," or "none" (-s)'),
        ("data.columns=3", "data.columns: found 3, must be a table (-s)"),
        ("data.thousands='.'", 'data: decimal and thousands are both "."; set both, to two different marks'),
        ("data.columns.w.thousands='.'", 'data: columns.w: decimal and thousands are both "."; set both'),
    ],
)
def test_faults_in_how_single_columns_are_read(override, fault):
    with pytest.raises(ConfigError) as caught:
        load_config(None, [override])
    assert str(caught.value).startswith(fault)


def test_settings_of_a_column_are_laid_over_one_another():
    config = load_config(None, ["data.columns={w={units=['kg']}}", "data.columns.w.decimal=','", "data.columns.v={}"])
    assert {name: column.model_dump(exclude_defaults=True) for name, column in config.data.columns.items()} == {
        "w": {"units": ("kg",), "decimal": ","},
        "v": {},
    }
