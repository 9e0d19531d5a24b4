// The calendar: FullCalendar over our own events. What is dragged or stretched is saved at once, or put back with the reason.
(() => {
  const place = document.getElementById("calendar");
  if (!place) return;
  const wrong = document.getElementById("calendar-wrong");
  const narrow = matchMedia("(max-width: 48rem)").matches;

  // FullCalendar is told "UTC", and gets the office's wall clock for it: no browser's own zone comes in between.
  const wall = (date) => date.toISOString().slice(0, 19);

  const done = document.getElementById("calendar-done");
  const undo = done.querySelector("button");
  const said = new Intl.DateTimeFormat("en-US", { weekday: "short", month: "short", day: "numeric", hour: "numeric", minute: "2-digit", timeZone: "UTC" });
  const minutes = (event) => Math.round((event.end - event.start) / 60000);

  // Save where an event is now; the answer is "" or why it was refused.
  const send = async (event, column = {}) => {
    const body = new URLSearchParams({ csrfmiddlewaretoken: place.dataset.token, scheduled_time: wall(event.start), duration: minutes(event), ...column });
    try {
      const answer = await fetch(event.extendedProps.move, { method: "POST", body, credentials: "same-origin" });
      if (answer.ok) {
        document.body.dispatchEvent(new Event("calendar-changed")); // what it freed is offered to those who wait
        return (await answer.json()).detail || "";
      }
    } catch { /* said below */ }
    return "It could not be saved. Check the connection and try again.";
  };
  const tell = (element, text) => { element.textContent = text; };
  const save = async (info) => {
    wrong.hidden = done.hidden = true;
    const former = { start: info.oldEvent.start, end: info.oldEvent.end }, longer = minutes(info.event) !== minutes(info.oldEvent);
    const detail = await send(info.event);
    if (detail) {
      info.revert();
      tell(wrong, detail);
      wrong.hidden = false;
      return;
    }
    tell(done.querySelector("span"), longer ? `${info.event.title}: ${minutes(info.event)} minutes.` : `${info.event.title} moved to ${said.format(info.event.start)}.`);
    done.hidden = false;
    undo.onclick = async () => {
      const moved = { start: info.event.start, end: info.event.end };
      info.event.setDates(former.start, former.end);
      const refused = await send(info.event);
      done.hidden = true;
      if (!refused) return;
      info.event.setDates(moved.start, moved.end);
      tell(wrong, refused);
      wrong.hidden = false;
    };
  };

  const shared = {
    timeZone: "UTC",
    now: () => new Date().toLocaleString("sv", { timeZone: place.dataset.zone }).replace(" ", "T"),
    initialDate: place.dataset.date,
    editable: true,
    selectable: true,
    nowIndicator: true,
    allDaySlot: false,
    dayMaxEvents: 4,
    eventShortHeight: 40, // half an hour: time and name in one line
    eventTimeFormat: { hour: "numeric", minute: "2-digit", meridiem: "short", omitZeroMinute: true },
    displayEventEnd: false, // the height shows it, and the name needs the place
    eventInteractive: true,
    eventDidMount: ({ el, event }) => { el.title = `${event.title}\n${event.extendedProps.status || "no status"} · ${event.extendedProps.doctor} · room ${event.extendedProps.room}`; },
    eventDrop: save,
    eventResize: save,
  };
  const book = ({ start, end, allDay }, more = {}) => {
    const length = allDay ? 30 : Math.round((end - start) / 60000);
    const query = new URLSearchParams(place.dataset.book.split("?")[1]);
    for (const [name, value] of Object.entries({ time: allDay ? `${wall(start).slice(0, 10)}T09:00:00` : wall(start), duration: length, ...more })) query.set(name, value);
    location.href = `${place.dataset.book.split("?")[0]}?${query}`;
  };

  const by = place.dataset.by;
  if (by) drawColumns();
  else drawOne();
  // The buttons have names of their own; the arrows in them need none.
  for (const icon of place.querySelectorAll(".fc-icon")) { icon.removeAttribute("role"); icon.ariaHidden = "true"; }

  function drawOne() {
    new FullCalendar.Calendar(place, {
      ...shared,
      initialView: place.dataset.view || (narrow ? "timeGridDay" : "timeGridWeek"),
      headerToolbar: { left: "prev,next today", center: "title", right: narrow ? "timeGridDay,dayGridMonth" : "dayGridMonth,timeGridWeek,timeGridDay" },
      buttonText: { today: "Today", month: "Month", week: "Week", day: "Day" },
      events: place.dataset.events,
      scrollTime: "07:30:00",
      height: "max(32rem, calc(100vh - 17rem))",
      // The URL names the view and the day, so that a reload, Back and a copied address show the same.
      datesSet: ({ view }) => {
        const at = new URL(location.href);
        at.searchParams.set("view", view.type);
        at.searchParams.set("date", wall(view.calendar.getDate()).slice(0, 10));
        history.replaceState(history.state, "", at);
      },
      select: (chosen) => book(chosen),
    }).render();
  }

  // A day in columns: a calendar each, over one answer of the server. What is dragged into another column changes provider or room.
  function drawColumns() {
    const found = document.getElementById("calendar-columns");
    const named = found ? JSON.parse(found.textContent) : [];
    const keyOf = (event) => String(by === "doctor" ? event.extendedProps.doctor_id : event.extendedProps.room);
    const field = by === "doctor" ? "doctor" : "exam_room";
    let day = null;
    const load = () => {
      const day_after = new Date(`${place.dataset.date}T00:00:00Z`).getTime() + 86400000;
      const query = new URLSearchParams({ start: place.dataset.date, end: new Date(day_after).toISOString().slice(0, 10) });
      day = fetch(`${place.dataset.events}&${query}`, { credentials: "same-origin" }).then((answer) => {
        if (!answer.ok) throw new Error("The appointments could not be read.");
        return answer.json();
      });
      day.catch((error) => { tell(wrong, error.message); wrong.hidden = false; });
    };
    const calendars = [];
    const reload = () => { load(); for (const one of calendars) one.refetchEvents(); };
    const receive = (key) => async ({ event, oldEvent, revert }) => {
      wrong.hidden = done.hidden = true;
      const before = { scheduled_time: wall(oldEvent ? oldEvent.start : event.start), [field]: keyOf(event) };
      const detail = await send(event, { [field]: key });
      if (detail) {
        revert();
        tell(wrong, detail);
        wrong.hidden = false;
        return;
      }
      event.remove();
      reload();
      const name = named.find((one) => one.key === key).name;
      tell(done.querySelector("span"), `${event.title} moved to ${name}, ${said.format(event.start)}.`);
      done.hidden = false;
      undo.onclick = async () => {
        const refused = await send(event, before);
        done.hidden = true;
        if (refused) { tell(wrong, refused); wrong.hidden = false; }
        reload();
      };
    };
    load();
    day.then((events) => {
      // Nothing is left out: what lies in no column that is shown has one of its own.
      const known = new Set(named.map((one) => one.key));
      const keys = new Set(events.map((event) => keyOf(event)).filter((key) => !known.has(key)));
      for (const key of keys) {
        const event = events.find((one) => keyOf(one) === key);
        named.push({ key, name: by === "doctor" ? event.extendedProps.doctor : `Room ${key}` });
      }
      place.className = "columns";
      named.forEach((column, index) => {
        const box = document.createElement("section"), title = document.createElement("h3"), grid = document.createElement("div");
        title.textContent = column.name;
        title.id = `column-${index}`;
        box.setAttribute("aria-labelledby", title.id);
        box.append(title, grid);
        place.append(box);
        const calendar = new FullCalendar.Calendar(grid, {
          ...shared,
          initialView: "timeGridDay",
          headerToolbar: false,
          dayHeaders: false,
          height: "auto",
          droppable: true,
          ...(index ? { slotLabelContent: () => "" } : {}),
          events: (_range, give, fail) => day.then((all) => give(all.filter((event) => keyOf(event) === column.key)), fail),
          eventReceive: receive(column.key),
          select: (chosen) => book(chosen, by === "doctor" ? { doctor: column.key } : { room: column.key }),
        });
        calendar.render();
        calendars.push(calendar);
      });
      const card = place.closest(".calendar-card"), slot = place.querySelector('[data-time="07:30:00"]');
      if (slot) card.scrollTop = slot.getBoundingClientRect().top - place.getBoundingClientRect().top - 40;
    }, () => {});
  }
})();
