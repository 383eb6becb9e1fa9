"""``tests/`` mirrors the package: every module has a test file of its own, or it is said here where it is tested."""

from __future__ import annotations

from pathlib import Path

import pytest

TESTS = Path(__file__).parent
PACKAGE = TESTS.parent / "phoneprice"

TESTED_BY = {
    "artifact/agreement.py": "faults/test_hostile.py",
    "artifact/prediction_files.py": "artifact/test_roundtrip.py",
    "artifact/folders.py": "artifact/test_checkpoints.py",
    "artifact/held_out.py": "artifact/test_roundtrip.py",
    "artifact/layout.py": "artifact/test_hostile.py",
    "artifact/loader.py": "artifact/test_hostile.py",
    "artifact/manifest.py": "artifact/test_hostile.py",
    "artifact/training_files.py": "artifact/test_roundtrip.py",
    "artifact/sealed.py": "artifact/test_hostile.py",
    "artifact/strict_json.py": "artifact/test_hostile.py",
    "artifact/weights.py": "artifact/test_hostile.py",
    "artifact/work.py": "artifact/test_writer.py",
    "cli/command.py": "cli/test_help.py",
    "cli/commands/cv.py": "cli/rendering/test_cross_validation.py",
    "cli/commands/evaluate.py": "cli/commands/test_predict.py",
    "cli/program.py": "cli/test_usage_errors.py",
    "cli/rendering/comparison.py": "cli/commands/test_compare.py",
    "cli/rendering/console.py": "cli/rendering/test_results.py",
    "cli/rendering/data.py": "cli/commands/test_data.py",
    "cli/rendering/explained.py": "cli/commands/test_config.py",
    "cli/rendering/inferred.py": "cli/commands/test_config.py",
    "cli/rendering/plan.py": "cli/commands/test_train.py",
    "cli/rendering/plots.py": "cli/commands/test_report.py",
    "cli/rendering/run_diff.py": "cli/commands/test_report.py",
    "cli/rendering/runs.py": "cli/commands/test_runs.py",
    "cli/rendering/terminal_report.py": "cli/commands/test_report.py",
    "components/normalization.py": "model/test_mlp.py",
    "components/waves.py": "components/test_encodings.py",
    "config/bounds.py": "workflows/test_cross_validate.py",
    "config/faults.py": "config/test_load.py",
    "config/fields.py": "config/test_load.py",
    "config/layers.py": "config/test_load.py",
    "config/recipes.py": "config/test_load.py",
    "config/schema.py": "config/test_load.py",
    "config/tables.py": "config/test_load.py",
    "data/arrow_types.py": "data/test_cell_text.py",
    "data/packing.py": "data/test_formats.py",
    "data/inspection/comparison.py": "data/inspection/test_checks.py",
    "data/inspection/findings.py": "data/inspection/test_checks.py",
    "data/inspection/leaks.py": "data/inspection/test_checks.py",
    "data/inspection/recognised_columns.py": "workflows/test_recognised.py",
    "data/inspection/target_checks.py": "data/inspection/test_checks.py",
    "data/reading/byte_source.py": "data/reading/test_csv_faults.py",
    "data/reading/columns.py": "data/reading/test_csv_property.py",
    "data/reading/csv_reader.py": "data/reading/test_csv_property.py",
    "data/reading/cutting.py": "data/reading/test_csv_property.py",
    "data/reading/fast_csv.py": "data/reading/test_csv_property.py",
    "data/reading/faults.py": "data/reading/test_csv_faults.py",
    "data/reading/json_lines.py": "data/reading/test_formats.py",
    "data/reading/options.py": "cli/test_options.py",
    "data/reading/parquet_reader.py": "data/reading/test_formats.py",
    "data/reading/strict_csv.py": "data/reading/test_csv_property.py",
    "data/reading/text_source.py": "data/reading/test_csv_faults.py",
    "data/reading/untyped.py": "data/reading/test_formats.py",
    "data/reading/typed_cells.py": "data/reading/test_number_formats.py",
    "data/reading/whole.py": "data/reading/test_formats.py",
    "diagnosis/check.py": "diagnosis/test_findings.py",
    "diagnosis/training.py": "diagnosis/test_trainings.py",
    "errors.py": "cli/test_failures.py",
    "inference/folding.py": "inference/test_engine.py",
    "inference/numpy_engine.py": "inference/test_engine.py",
    "inference/predictor.py": "inference/test_engine.py",
    "inference/torch_engine.py": "inference/test_engine.py",
    "metrics/catalogue.py": "metrics/test_classification.py",
    "metrics/ranking.py": "metrics/test_classification.py",
    "model/cuts.py": "model/test_mlp.py",
    "model/shape.py": "model/test_mlp.py",
    "records/documents.py": "artifact/test_roundtrip.py",
    "records/findings.py": "diagnosis/test_findings.py",
    "records/inputs.py": "training/test_loop.py",
    "records/predictions.py": "inference/test_results.py",
    "records/training.py": "training/test_loop.py",
    "report/png.py": "report/test_standalone.py",
    "report/facts.py": "report/test_templates.py",
    "report/feature_charts.py": "report/test_page.py",
    "report/prediction_charts.py": "report/test_page.py",
    "report/training_charts.py": "report/test_page.py",
    "report/search_charts.py": "report/test_page.py",
    "records/searches.py": "artifact/test_search_files.py",
    "cli/rendering/tuning.py": "cli/commands/test_tune.py",
    "workflows/nested.py": "workflows/test_tune.py",
    "workflows/search_progress.py": "workflows/test_tune.py",
    "stream.py": "workflows/test_destinations.py",
    "workflows/judging.py": "workflows/test_portfolio.py",
    "workflows/inputs.py": "faults/test_inputs.py",
    "workflows/changes.py": "workflows/test_checkpointing.py",
    "workflows/environment.py": "workflows/test_train.py",
    "records/comparison.py": "report/test_comparison_page.py",
    "report/comparison_charts.py": "report/test_comparison_page.py",
    "report/templating.py": "report/test_templates.py",
    "workflows/fitting.py": "workflows/test_train.py",
    "workflows/inspect_runs.py": "workflows/test_diff.py",
    "workflows/inspect_tables.py": "cli/commands/test_data.py",
    "workflows/plan.py": "cli/commands/test_train.py",
    "workflows/predictors.py": "workflows/test_predict.py",
    "workflows/report.py": "report/test_page.py",
}
"""Modules without a test file of their own name, and the first file to look into."""

MODULES = {
    str(path.relative_to(PACKAGE)): path.relative_to(PACKAGE).with_name(f"test_{path.name}")
    for path in sorted(PACKAGE.rglob("*.py"))
    if not path.name.startswith("__")
}


@pytest.mark.parametrize("module", MODULES)
def test_every_module_has_its_tests(module: str) -> None:
    assert (TESTS / TESTED_BY.get(module, MODULES[module])).is_file()


def test_the_table_holds_only_modules_without_a_file_of_their_own() -> None:
    assert [module for module in TESTED_BY if module not in MODULES or (TESTS / MODULES[module]).exists()] == []
