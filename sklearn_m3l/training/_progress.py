"""A progress bar."""

import time

from skorch.callbacks import Callback
from tqdm.auto import tqdm


class EpochProgress(Callback):
    """A progress bar over the epochs, with the losses of the last one.

    The remaining time is estimated from the epochs after the first, which takes longer
    because operations are compiled in it; until then it is unknown.
    """

    def on_train_begin(self, net, epochs, **kwargs):
        """Open the bar, with `epochs` left to train."""
        total = net.max_epochs
        self.first_ = total - epochs
        self.bar_ = tqdm(
            total=total,
            initial=self.first_,
            unit="epoch",
            desc="Training",
            smoothing=0,  # the mean over all epochs
        )

    def on_epoch_end(self, net, **kwargs):
        """Advance the bar."""
        if self.bar_.n == self.first_:
            self.bar_.initial = self.first_ + 1
            self.bar_.start_t = self.bar_.last_print_t = time.time()
        last = net.history[-1]
        keys = [key for key in ("train_loss", "valid_loss") if key in last]
        self.bar_.set_postfix({key: f"{last[key]:.1f}" for key in keys}, refresh=False)
        self.bar_.update()

    def on_train_end(self, net, **kwargs):
        """Close the bar."""
        self.bar_.close()
        del self.bar_, self.first_
