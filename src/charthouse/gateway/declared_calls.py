"""What is declared of a call, by its method and path alone."""

from charthouse.engine.declaration.resources import Declaration
from charthouse.gateway.cerbo import api as cerbo
from charthouse.gateway.cerbo.registry import get_router as get_cerbo_router
from charthouse.gateway.drchrono import api as drchrono
from charthouse.gateway.drchrono.registry import get_router


def find_declaration(path: str, method: str) -> Declaration | None:
    """Find what is declared of a call, None for a URL that does not exist or lacks the method."""
    is_cerbo = path.startswith(cerbo.BASE)
    router = get_cerbo_router() if is_cerbo else get_router()
    targets, _ = router.find(path[len(cerbo.BASE if is_cerbo else drchrono.BASE) :].removesuffix("/"))
    target = targets.get("GET" if method == "HEAD" else method)
    return target.declaration if target else None


def list_scopes(declared: Declaration, method: str) -> list[str]:
    """List the scopes that a call needs."""
    kind = "read" if declared.is_reading(method) else "write"
    return [f"{scope}:{kind}" for scope in declared.policy.scopes]
