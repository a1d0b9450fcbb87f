"""A progress bar."""

from skorch.callbacks import Callback
from tqdm.auto import tqdm


class EpochProgress(Callback):
    """A progress bar over the epochs, with the losses of the last one."""

    def on_train_begin(self, net, epochs, **kwargs):
        """Open the bar, with `epochs` left to train."""
        total = net.max_epochs
        self.bar_ = tqdm(
            total=total, initial=total - epochs, unit="epoch", desc="Training"
        )

    def on_epoch_end(self, net, **kwargs):
        """Advance the bar."""
        last = net.history[-1]
        keys = [key for key in ("train_loss", "valid_loss") if key in last]
        self.bar_.set_postfix({key: f"{last[key]:.1f}" for key in keys}, refresh=False)
        self.bar_.update()

    def on_train_end(self, net, **kwargs):
        """Close the bar."""
        self.bar_.close()
        del self.bar_
