"""The Dask cluster that does the work."""

from typing import Any

from sklearn_m3l import __version__


def find_client() -> Any:
    """Return the current client of a Dask cluster whose workers have this package.

    Raises
    ------
    ImportError
        If Dask is not installed.
    ValueError
        If there is no client, or a worker lacks this package or has another version of
        it.
    """
    try:
        from distributed import default_client
    except ImportError as error:
        raise ImportError(
            "sklearn_m3l.distributed needs Dask; run: pip install 'sklearn-m3l[dask]'"
        ) from error
    try:
        client = default_client()
    except ValueError as error:
        raise ValueError(
            "there is no Dask cluster; start one first, such as "
            "client = distributed.Client(n_workers=2, threads_per_worker=1)"
        ) from error

    def version():  # sent by value: the worker may lack the package
        from importlib import import_module

        try:
            return import_module("sklearn_m3l").__version__
        except ImportError:
            return None

    for worker, found in client.run(version).items():
        if found != __version__:
            raise ValueError(
                f"the worker {worker} has "
                + ("no sklearn-m3l" if found is None else f"sklearn-m3l {found}")
                + f"; install version {__version__} where it runs"
            )
    return client
