import json
import re
from pathlib import Path
from typing import Any, Dict, List, Optional

from skd_plugin.experiments.report import write_report
from tests.experiments.report.folders import many_methods, write_folder
from tests.experiments.report.pages import Page, text


def told(folder: Path) -> List[str]:
    write_report(folder)
    return [text(item) for item in Page(folder).section("short").iter("li")]


def change(folder: Path, method: Optional[str] = None, **values: Any) -> None:
    """Sets fields of all comparisons, or of a method's."""
    path = folder / "statistics.json"
    statistics = json.loads(path.read_text(encoding="utf-8"))
    for row in statistics["comparisons"]:
        if method in (None, row["method"]):
            row.update(values)
    path.write_text(json.dumps(statistics), encoding="utf-8")


def test_claims_are_the_best_differences_with_interval_and_p(page: Page) -> None:
    claims = [text(item) for item in page.section("short").iter("li")]
    rows: Dict[Any, Any] = {
        (row["split"], row["method"], row["against"]): row
        for row in page.file("statistics.json")["comparisons"]
        if row["language"] == "macro"
    }
    pattern = re.compile(
        r"(\S+) is (\S+) points \(95 % interval (\S+) to (\S+)\) above (\S+), p = "
    )
    found = [match for match in map(pattern.search, claims) if match]
    assert len(found) == 3
    for match, split in zip(found, ["test", "test", "zero_shot"]):
        method, difference, low, high, against = match.groups()
        row = rows[split, method, against]
        assert difference == f"{100 * row['difference']:.2f}"
        assert [low, high] == [f"{100 * row['low']:.2f}", f"{100 * row['high']:.2f}"]
        assert f"p = {row['p_corrected']:.3f} corrected" in match.string
        names = {
            one["name"] for one in page.file("experiment.json")["methods"] if not one["ablation"]
        }
        assert row["difference"] == max(
            other["difference"]
            for (where, name, reference), other in rows.items()
            if where == split and reference == against and name in names
        )


def test_further_teachers_are_no_student(further: Page) -> None:
    claims = [text(item) for item in further.section("short").iter("li")]
    assert any("of the gap between baseline and teachers" in claim for claim in claims)
    assert not any("teachers_big" in claim for claim in claims)


def test_no_claim_is_without_an_interval(page: Page) -> None:
    assert all("95 % interval" in text(item) for item in page.section("short").iter("li"))


def test_noise_is_called_noise(small: Path) -> None:
    change(small, difference=0.001, low=-0.002, high=0.004, p=0.4, p_corrected=0.4)
    assert told(small)[0] == (
        "No method differs from baseline by more than noise; the highest: emission is 0.10 points "
        "(95 % interval −0.20 to 0.40) above baseline, p = 0.400 corrected."
    )
    assert "Comparisons are of one seed" in text(Page(small).section("short"))


def test_losses_are_said(small: Path) -> None:
    change(small, difference=-0.01, low=-0.02, high=-0.005, p=0.0001, p_corrected=0.0002)
    claims = told(small)
    lost = "emission is 1.00 points (95 % interval 0.50 to 2.00) below baseline"
    assert claims[0] == (
        f"No method is above baseline by more than noise; the highest: {lost}, p < 0.001 corrected."
    )
    assert claims[-1] == (
        "On single languages 2 comparisons of a method with a reference went against it by more than noise; the "
        f"worst: {lost} on en, p < 0.001 corrected."
    )


def test_a_loss_that_is_sure_is_no_gain_of_another_that_is_not(tmp_path: Path) -> None:
    write_folder(tmp_path, many_methods(4), languages=2, zero_shot=False, examples=False)
    change(tmp_path, difference=0.001, low=-0.002, high=0.004, p=0.4, p_corrected=0.4)
    change(tmp_path, "top_k", difference=-0.01, low=-0.02, high=-0.005, p=0.01, p_corrected=0.01)
    assert told(tmp_path)[0] == (
        "No method is above baseline by more than noise; the highest: emission is 0.10 points (95 % interval −0.20 "
        "to 0.40) above baseline, p = 0.400 corrected. The lowest: top_k is 1.00 points (95 % interval 0.50 to 2.00) "
        "below baseline, p = 0.010 corrected."
    )


def test_several_seeds_have_no_reservation_about_one(tmp_path: Path) -> None:
    folder = write_folder(tmp_path, many_methods(3), languages=2, seeds=[1, 2])
    write_report(folder)
    assert "of one seed" not in text(Page(folder).section("short"))
    change(folder, seeds=[2])  # the runs of the other have failed
    told(folder)
    assert "Comparisons are of one seed" in text(Page(folder).section("short"))
