"""Named settings of M3L-Contrast other than the defaults."""

# The paper (COLING 2022, Eq. 1 and appendix), to the letter: dot products, InfoNCE on
# the samples, an unweighted divergence, one hidden layer of 100, topics averaged over
# 20 samples. Eq. 1 has no divergence from the prior.
PAPER = {
    "batch_size": 32,
    "max_iter": 100,
    "learning_rate_init": 2e-3,
    "beta_1": 0.9,
    "beta_2": 0.999,
    "hidden_layer_sizes": (100,),
    "activation": "softplus",
    "dropout": 0.2,
    "input_dropout": 0.0,
    "contrastive_weight": 50.0,
    "temperature": 0.07,
    "similarity": "dot",
    "contrast_on": "sample",
    "kl_weight": 1.0,
    "prior_weight": 0.0,
    "inference_networks": "per_view",
    "standardize": False,
    "n_draws": 20,
}

# What the authors' released code does where it differs from the paper.
AUTHORS_CODE = {
    **PAPER,
    "beta_1": 0.99,
    "beta_2": 0.99,
    "hidden_layer_sizes": (100, 100),
    "similarity": "cosine",
    "kl_weight": 0.01,
}
