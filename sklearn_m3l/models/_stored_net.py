"""How the trained net of a neural topic model is stored."""

from sklearn_m3l.utils._fitted import Kind


class StoredNet(Kind):
    """The trained net of a neural topic model."""

    def store(self, value, owner):
        from sklearn_m3l.training import net_state

        return net_state(value)

    def check(self, value, owner):
        from sklearn_m3l.training import check_net_state

        check_net_state(value, type(owner))
        return value

    def build(self, value, owner):
        from sklearn_m3l.training import resolve_stored_device, restore_net

        device = resolve_stored_device(owner.device)
        # A stored net only infers; training builds another, with its own batch size and
        # callbacks.
        net = owner._new_net(
            value["network"], value["loss"], device, owner._batch_rows(0), []
        )
        return restore_net(net, value)
