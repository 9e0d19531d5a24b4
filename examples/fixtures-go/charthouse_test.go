package fixtures

import (
	"fmt"
	"testing"
)

func TestAPatientIsRenamedInBothAPIs(t *testing.T) {
	practice, err := CreatePractice()
	if err != nil {
		t.Fatal(err)
	}
	path := fmt.Sprintf("patients/%d", practice.Patients[0].ID)
	status, err := practice.DrChrono("PATCH", path, map[string]any{"first_name": "Grace"}, nil)
	if err != nil || status != 204 {
		t.Fatalf("status %d, %v", status, err)
	}
	var patient struct {
		FirstName string `json:"first_name"`
	}
	if _, err := practice.Cerbo("GET", path, nil, &patient); err != nil || patient.FirstName != "Grace" {
		t.Fatalf("%q, %v", patient.FirstName, err)
	}
}

func TestACallFails(t *testing.T) {
	practice, err := CreatePractice()
	if err != nil {
		t.Fatal(err)
	}
	fault := map[string]any{"kind": "429", "practice": practice.ID, "count": 1}
	if err := Control("POST", "faults", fault, nil); err != nil {
		t.Fatal(err)
	}
	for _, expected := range []int{429, 200} {
		if status, err := practice.DrChrono("GET", "patients", nil, nil); err != nil || status != expected {
			t.Fatalf("status %d instead of %d, %v", status, expected, err)
		}
	}
}
