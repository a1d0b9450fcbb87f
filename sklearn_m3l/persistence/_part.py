"""What a model file holds of a class, and how that is taken and given back."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from sklearn_m3l.persistence._checks import Fields


@dataclass(frozen=True)
class Part:
    """What a model file holds of one class.

    Parameters
    ----------
    module, name : str
        Where the class is.
    fitted : str, optional
        An attribute that only a fitted one has; by default nothing is fitted.
    attributes : tuple of str
        The fitted attributes that are kept.
    left_out : tuple of str
        Those that are made anew, or not needed.
    paths : tuple of str
        Parameters that name files, folders or pretrained models.
    describe : callable, optional
        From a fitted estimator to further attributes that are kept.
    restore_fields : callable, optional
        Sets the fitted attributes of an estimator from `Fields`.
    check_more : callable, optional
        Raises TypeError or ValueError where the parameters are of no use.
    """

    module: str
    name: str
    fitted: str | None = None
    attributes: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    describe: Callable[[Any], dict[str, Any]] | None = None
    restore_fields: Callable[[Any, Fields], None] | None = None
    check_more: Callable[[Any], None] | None = None

    def load(self) -> Any:
        """Import the class."""
        return getattr(import_module(self.module), self.name)

    def check(self, estimator: Any) -> None:
        """Refuse parameters that no estimator of the class can have."""
        if hasattr(type(estimator), "_parameter_constraints"):
            estimator._validate_params()
        if self.check_more is not None:
            self.check_more(estimator)

    def state(self, estimator: Any, where: str) -> dict[str, Any] | None:
        """Return the fitted attributes, None of an estimator that is not fitted."""
        given = vars(estimator)
        known = {*estimator._get_param_names(), *self.attributes, *self.left_out}
        unknown = set(given) - known - {"_sklearn_output_config", self.fitted}
        if unknown:
            raise TypeError(
                f"{where} ({self.name}) has attributes that a model file cannot hold: "
                f"{', '.join(sorted(unknown))}; remove them, or store it with skops "
                "(https://skops.readthedocs.io)"
            )
        if self.fitted is None or self.fitted not in given:
            return None
        kept = {name: given[name] for name in self.attributes if name in given}
        return kept | (self.describe(estimator) if self.describe else {})

    def restore(self, estimator: Any, values: Any, where: str) -> None:
        """Set the fitted attributes."""
        fields = Fields(values, where)
        fields.require(self.restore_fields, "it cannot be fitted")
        if self.restore_fields is not None:
            self.restore_fields(estimator, fields)
        fields.finish()
