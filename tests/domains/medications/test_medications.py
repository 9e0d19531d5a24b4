"""Medications in the DrChrono API: the note for the pharmacy."""

from tests.domains.clinical.chart import Chart


def test_text_is_appended_to_pharmacy_note_as_paragraph() -> None:
    chart = Chart()
    row = chart.new("medications", patient=chart.patient_id, name="Metformin")["id"]
    url = f"/api/medications/{row}/append_to_pharmacy_note"
    first = chart.http.patch(url, json={"text": "Call first."})
    assert first.status_code == 200
    assert first.json()["pharmacy_note"] == "Call first."
    second = chart.http.patch(url, data={"text": "Then deliver."})
    assert second.json()["pharmacy_note"] == "Call first.\n\nThen deliver."
    assert chart.get(row, "medications")["pharmacy_note"] == "Call first.\n\nThen deliver."
    for body in ({}, {"text": ""}, {"text": None}, {"text": ["x"]}, [], None):
        assert chart.http.patch(url, json=body).status_code == 400
    assert chart.http.post(url, json={"text": "x"}).status_code == 405
