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
  const send = async (event) => {
    const body = new URLSearchParams({ csrfmiddlewaretoken: place.dataset.token, scheduled_time: wall(event.start), duration: minutes(event) });
    try {
      const answer = await fetch(event.extendedProps.move, { method: "POST", body, credentials: "same-origin" });
      if (answer.ok) return (await answer.json()).detail || "";
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

  const calendar = new FullCalendar.Calendar(place, {
    initialView: place.dataset.view || (narrow ? "timeGridDay" : "timeGridWeek"),
    initialDate: place.dataset.date,
    headerToolbar: { left: "prev,next today", center: "title", right: narrow ? "timeGridDay,dayGridMonth" : "dayGridMonth,timeGridWeek,timeGridDay" },
    buttonText: { today: "Today", month: "Month", week: "Week", day: "Day" },
    timeZone: "UTC",
    now: () => new Date().toLocaleString("sv", { timeZone: place.dataset.zone }).replace(" ", "T"),
    events: place.dataset.events,
    editable: true,
    selectable: true,
    nowIndicator: true,
    allDaySlot: false,
    scrollTime: "07:30:00",
    height: "max(32rem, calc(100vh - 17rem))",
    // The URL names the view and the day, so that a reload, Back and a copied address show the same.
    datesSet: ({ view }) => {
      const at = new URL(location.href);
      at.searchParams.set("view", view.type);
      at.searchParams.set("date", wall(view.calendar.getDate()).slice(0, 10));
      history.replaceState(history.state, "", at);
    },
    dayMaxEvents: 4,
    eventInteractive: true,
    eventDidMount: ({ el, event }) => { el.title = `${event.title}\n${event.extendedProps.status || "no status"} · ${event.extendedProps.doctor} · room ${event.extendedProps.room}`; },
    eventDrop: save,
    eventResize: save,
    select: ({ start, end, allDay }) => {
      const minutes = allDay ? 30 : Math.round((end - start) / 60000);
      const query = new URLSearchParams({ time: allDay ? `${wall(start).slice(0, 10)}T09:00:00` : wall(start), duration: minutes });
      location.href = `${place.dataset.book}&${query}`;
    },
  });
  calendar.render();
  // The buttons have names of their own; the arrows in them need none.
  for (const icon of place.querySelectorAll(".fc-icon")) { icon.removeAttribute("role"); icon.ariaHidden = "true"; }
})();
