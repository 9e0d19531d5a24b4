// The form of an appointment: the type sets the length, the next free slot is looked for, a series is previewed.
(() => {
  const form = document.querySelector("form[data-booking]");
  if (!form) return;
  const lengths = JSON.parse(document.getElementById("lengths")?.textContent || "{}");
  const { profile, duration, scheduled_time: when, exam_room: room, patient, patient_name: name } = form.elements;
  profile?.addEventListener("change", () => { if (lengths[profile.value]) duration.value = lengths[profile.value]; });
  // A name that is changed by hand is no longer the patient who was chosen.
  name?.addEventListener("input", () => { patient.value = ""; });

  const ask = async (address, query) => {
    const answer = await fetch(`${address}?${query}`, { credentials: "same-origin" }).catch(() => null);
    return answer?.ok ? answer.json() : { detail: "It could not be looked up. Check the connection and try again." };
  };
  const find = form.querySelector("[data-find]");
  const found = form.querySelector("[data-found]");
  if (find) find.hidden = false;
  find?.addEventListener("click", async () => {
    const query = new URLSearchParams({ doctor: form.elements.doctor.value, office: form.elements.office.value, duration: duration.value, after: when.value });
    const answer = await ask(form.dataset.next, query);
    found.textContent = answer.detail || answer.words;
    if (!answer.time) return;
    when.value = answer.time;
    if (answer.room) room.value = answer.room;
    when.dispatchEvent(new Event("change", { bubbles: true }));
  });

  // A block that begins at another time is as long as before.
  const end = form.elements.block_end;
  let began = when?.value;
  when?.addEventListener("change", () => {
    const moved = new Date(`${when.value}Z`) - new Date(`${began}Z`), ends = new Date(`${end?.value}Z`);
    began = when.value;
    if (moved && !Number.isNaN(ends.getTime())) end.value = new Date(ends.getTime() + moved).toISOString().slice(0, 16);
  });

  const preview = form.querySelector("[data-preview]");
  if (!preview) return;
  const watched = ["recurring_days", "recurs_every", "recur_end_date", "scheduled_time", "duration", "block_end", "doctor", "office", "exam_room"];
  form.addEventListener("change", async (event) => {
    if (!watched.includes(event.target.name)) return;
    const values = [...new FormData(form)].filter(([key]) => watched.includes(key));
    if (!values.some(([key]) => key === "recurring_days")) return preview.replaceChildren();
    const answer = await ask(form.dataset.series, new URLSearchParams(values));
    const head = document.createElement("p"), list = document.createElement("ul");
    list.className = "series";
    head.textContent = answer.detail || (answer.dates.length ? `${answer.count} appointments, ${answer.conflicts || "no"} conflict${answer.conflicts === 1 ? "" : "s"}` : "Choose days and a last day.");
    for (const one of answer.dates || []) {
      const item = document.createElement("li");
      item.textContent = one.conflict ? `${one.words}: ${one.conflict}` : one.words;
      if (one.conflict) item.className = "conflict";
      list.append(item);
    }
    preview.replaceChildren(head, list);
  });
})();
