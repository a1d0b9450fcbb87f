"""Named settings of the four models other than the defaults, by class."""

# The networks of the paper (COLING 2022, appendix): one hidden layer of 100, ProdLDA's
# decoder, topics averaged over 20 draws.
_NEURAL = {
    "n_components": 100,
    "max_iter": 100,
    "learning_rate_init": 2e-3,
    "beta_1": 0.9,
    "beta_2": 0.999,
    "hidden_layer_sizes": (100,),
    "activation": "softplus",
    "dropout": 0.2,
    "input_dropout": 0.0,
    "decoder": "product",
    "init": "random",
    "scale": 1.0,
    "bias": False,
    "standardize": False,
    "n_draws": 20,
}

# Eq. 1 to the letter: dot products of the draws, one denominator, plain sums, no
# divergence from a prior.
_M3L_CONTRAST = {
    **_NEURAL,
    "batch_size": 32,
    "contrastive_weight": 50.0,
    "contrast_warmup": 0.0,
    "temperature": 0.07,
    "similarity": "dot",
    "contrast_on": "sample",
    "contrast": "joint",
    "balance_views": False,
    "kl_weight": 1.0,
    "prior_weight": 0.0,
    "inference_networks": "per_view",
}

# The evidence lower bound; the student's prior is the teacher's posterior.
_ZERO_SHOT = {**_NEURAL, "batch_size": 64, "prior_weight": 1.0}

PAPER = {
    "M3LContrastTopicModel": _M3L_CONTRAST,
    "ZeroShotTopicModel": _ZERO_SHOT,
    "DistilledTopicModel": _ZERO_SHOT,
    # PLTM has no embeddings, and symmetric priors.
    "PolylingualLDA": {
        "n_components": 100,
        "cluster_weight": 0.0,
        "background_share": 0.0,
        "optimize_interval": 0,
    },
}

# What the authors' released code does where it differs from the paper.
AUTHORS_CODE = {
    **_M3L_CONTRAST,
    "beta_1": 0.99,
    "beta_2": 0.99,
    "hidden_layer_sizes": (100, 100),
    "similarity": "cosine",
    "contrast": "pairwise",
    "kl_weight": 0.01,
}
