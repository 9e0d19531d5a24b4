"""A booking app: a doctor allows it by OAuth, and it books visits in the doctor's calendar.

eval "$(charthouse env)"
python app.py          # http://127.0.0.1:9000
"""

import os
import secrets
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import requests
from flask import Flask, abort, redirect, render_template_string, request, session

URL = os.environ["CHARTHOUSE_URL"]
APP = {"client_id": os.environ["CLIENT_ID"], "redirect_uri": os.environ["REDIRECT_URI"]}
SECRET = {"client_secret": os.environ["CLIENT_SECRET"]}
SCOPE = "calendar:read calendar:write clinical:read clinical:write patients:read"

app = Flask(__name__)
app.secret_key = os.environ.get("SESSION_KEY", secrets.token_hex())
tokens: dict[str, dict] = {}  # of each signed-in user; a real app keeps them encrypted in its database

PAGE = """<!doctype html><title>Booking</title><h1>Free slots of the next days</h1>
<form method="post">
<input type="hidden" name="csrf" value="{{ csrf }}">
<label>Patient <select name="patient">
{% for p in patients %}<option value="{{ p.id }}">{{ p.first_name }} {{ p.last_name }}</option>{% endfor %}
</select></label>
<label>Reason <input name="reason" maxlength="100"></label>
{% for s in slots %}
<p><button name="slot" value="{{ s.doctor }},{{ s.office }},{{ s.exam_rooms[0] }},{{ s.start_time }}">
{{ s.start_time.replace("T", " ") }}</button></p>
{% endfor %}
</form>"""


@app.get("/sign-in")
def sign_in():
    session["state"] = secrets.token_urlsafe()
    query = {"response_type": "code", "scope": SCOPE, "state": session["state"], **APP}
    return redirect(f"{URL}/o/authorize/?{urlencode(query)}")


@app.get("/callback")
def callback():
    if not request.args.get("state") or request.args["state"] != session.pop("state", None):
        abort(400, "This answer was not asked for: begin at /sign-in.")
    if "code" not in request.args:
        abort(403, f"Not authorized: {request.args.get('error')}")
    grant = {"grant_type": "authorization_code", "code": request.args["code"]}
    session["user"], session["csrf"] = secrets.token_urlsafe(), secrets.token_urlsafe()
    tokens[session["user"]] = fetch_tokens(grant)
    return redirect("/")


def fetch_tokens(grant):
    answer = requests.post(f"{URL}/o/token/", data=grant | APP | SECRET, timeout=30)
    answer.raise_for_status()
    return answer.json()


def call(method, path, **options):
    """Call the API as the signed-in user; refresh the tokens once when the access token has ended."""
    pair = tokens[session["user"]]
    for attempt in (1, 2):
        headers = {"Authorization": f"Bearer {pair['access_token']}"}
        answer = requests.request(method, f"{URL}/api/{path}", headers=headers, timeout=30, **options)
        if answer.status_code != 401 or attempt == 2:
            return answer
        pair.update(fetch_tokens({"grant_type": "refresh_token", "refresh_token": pair["refresh_token"]}))


@app.route("/", methods=["GET", "POST"])
def book():
    if session.get("user") not in tokens:
        return redirect("/sign-in")
    if request.method == "POST":
        return book_slot()
    today = datetime.now(UTC).date()
    first, last = today + timedelta(days=1), today + timedelta(days=5)
    slots = call("GET", "availability", params={"date_range": f"{first}/{last}", "duration": 30}).json()[
        "results"
    ]
    patients = call("GET", "patients", params={"page_size": 50}).json()["results"]
    return render_template_string(PAGE, slots=slots[:20], patients=patients, csrf=session["csrf"])


def book_slot():
    if request.form.get("csrf") != session["csrf"]:
        abort(400)
    doctor, office, room, start = request.form["slot"].split(",")
    visit = {"doctor": doctor, "office": office, "exam_room": room, "scheduled_time": start, "duration": 30}
    visit |= {"patient": request.form["patient"], "reason": request.form["reason"]}
    answer = call("POST", "appointments", json=visit)
    if answer.status_code == 409:
        return "Somebody was faster: <a href='/'>choose another slot</a>.", 409
    if answer.status_code != 201:
        return answer.json(), answer.status_code
    return f"Booked for {answer.json()['scheduled_time'].replace('T', ' ')}."


if __name__ == "__main__":
    app.run(port=int(APP["redirect_uri"].split(":")[2].split("/")[0]))
