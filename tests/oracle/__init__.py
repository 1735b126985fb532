"""An oracle: a run's mathematics implemented again with stock torch, independent of every backend.

The backends share some formulas with each other and with the reference: losses, views, where a
penalty is taken. Here they are written a second time, with torch's own norms, losses, optimizers
and derivatives. Of gankit it takes only what is data: specs, the plan and dropout's masks.
"""
