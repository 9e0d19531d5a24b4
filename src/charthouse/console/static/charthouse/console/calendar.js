// The calendar: FullCalendar over our own events. What is dragged or stretched is saved at once, or put back with the reason.
(() => {
  const place = document.getElementById("calendar");
  if (!place) return;
  const wrong = document.getElementById("calendar-wrong");
  const narrow = matchMedia("(max-width: 48rem)").matches;

  // FullCalendar is told "UTC", and gets the office's wall clock for it: no browser's own zone comes in between.
  const wall = (date) => date.toISOString().slice(0, 19);

  const save = async (info) => {
    wrong.hidden = true;
    const body = new URLSearchParams({
      csrfmiddlewaretoken: place.dataset.token,
      scheduled_time: wall(info.event.start),
      duration: Math.round((info.event.end - info.event.start) / 60000),
    });
    let detail = "It could not be saved.";
    try {
      const answer = await fetch(`${info.event.url}/move`, { method: "POST", body, credentials: "same-origin" });
      if (answer.ok && !({ detail } = { detail: "", ...(await answer.json()) }).detail) return;
    } catch { /* said below */ }
    info.revert();
    wrong.textContent = detail;
    wrong.hidden = false;
  };

  const calendar = new FullCalendar.Calendar(place, {
    initialView: narrow ? "timeGridDay" : "timeGridWeek",
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
    slotMinTime: "06:00:00",
    slotMaxTime: "21:00:00",
    scrollTime: "08:00:00",
    height: "auto",
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
