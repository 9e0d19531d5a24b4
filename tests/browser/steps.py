"""Steps of a task: clicks, and keys beyond typing. Filling a field and moving to the next one with Tab are typing."""

from playwright.sync_api import Locator, Page


class Steps:
    """Counts the steps that a test makes through it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.count = 0

    def click(self, target: Locator) -> None:
        self.count += 1
        target.click()

    def press(self, keys: str) -> None:
        self.count += 1
        self.page.keyboard.press(keys)

    def choose(self, target: Locator, value: str) -> None:
        """Choose an option of a select that opens."""
        self.count += 1
        target.select_option(value)

    def drag(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        self.count += 1
        mouse = self.page.mouse
        mouse.move(*start)
        mouse.down()
        mouse.move(end[0], end[1] - 2, steps=5)
        mouse.move(*end)
        mouse.up()
