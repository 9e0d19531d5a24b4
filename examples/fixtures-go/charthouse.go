// Package fixtures is a small client of a sandbox's control API, for tests. It needs SANDBOX_URL, SANDBOX_KEY and
// CHARTHOUSE_URL: eval "$(charthouse env)".
package fixtures

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
)

// Practice is a practice of a test's own. No other practice sees it.
type Practice struct {
	ID       int    `json:"id"`
	User     string `json:"user"`
	Patients []struct {
		ID int `json:"id"`
	} `json:"patients"`
	Token struct {
		AccessToken string `json:"access_token"`
	} `json:"token"`
	APIUser struct {
		Username string `json:"username"`
		Secret   string `json:"secret"`
	} `json:"api_user"`
}

// Control runs a control, as Control("POST", "clock/advance", map[string]any{"by": "3h"}, nil).
func Control(method, path string, body, answer any) error {
	request, err := newRequest(method, os.Getenv("SANDBOX_URL")+"/"+path, body)
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+os.Getenv("SANDBOX_KEY"))
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s %s: %s", method, path, content)
	}
	if answer == nil {
		return nil
	}
	return json.Unmarshal(content, answer)
}

// CreatePractice adds a practice with a doctor, an office, a patient, an app with a token and an API user.
func CreatePractice() (practice Practice, err error) {
	err = Control("POST", "practices", map[string]any{}, &practice)
	return practice, err
}

// DrChrono calls DrChrono's API with the practice's token, and decodes the answer.
func (p Practice) DrChrono(method, path string, body, answer any) (status int, err error) {
	request, err := newRequest(method, os.Getenv("CHARTHOUSE_URL")+"/api/"+path, body)
	if err != nil {
		return 0, err
	}
	request.Header.Set("Authorization", "Bearer "+p.Token.AccessToken)
	return do(request, answer)
}

// Cerbo calls Cerbo's API as the practice's API user, and decodes the answer.
func (p Practice) Cerbo(method, path string, body, answer any) (status int, err error) {
	request, err := newRequest(method, os.Getenv("CHARTHOUSE_URL")+"/api/v1/"+path, body)
	if err != nil {
		return 0, err
	}
	request.SetBasicAuth(p.APIUser.Username, p.APIUser.Secret)
	return do(request, answer)
}

func newRequest(method, url string, body any) (*http.Request, error) {
	var content io.Reader
	if body != nil {
		encoded, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		content = bytes.NewReader(encoded)
	}
	request, err := http.NewRequest(method, url, content)
	if err == nil {
		request.Header.Set("Content-Type", "application/json")
	}
	return request, err
}

func do(request *http.Request, answer any) (int, error) {
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	if answer == nil || response.StatusCode >= 400 {
		return response.StatusCode, nil
	}
	return response.StatusCode, json.NewDecoder(response.Body).Decode(answer)
}
