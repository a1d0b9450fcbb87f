"""Speed and quality beside other topic models, on one machine in one run.

Run as `python -m benchmarks.peers --data FOLDER` with Multi30k in FOLDER, or as
`python -m benchmarks.peers ctm --data FOLDER` (contextualized-topic-models) and
`... lda ...` (tomotopy, scikit-learn, gensim) one by one. What is compared must be
installed beside the package and its extra "benchmarks":

    pip install --no-deps contextualized-topic-models wordcloud tomotopy

(`--no-deps`, for the first one's requirements serve to encode texts, which is not
measured.) Every finished measurement is kept in a JSON file, and an interrupted run
resumes from there.
"""

import os

# One peer has progress bars that only this turns off, before tqdm is imported.
os.environ["TQDM_DISABLE"] = "1"
