"""Pipeline steps that turn the columns of a table into views."""

from sklearn_m3l.embedding._gensim import Doc2VecEncoder, KeyedVectorsEncoder
from sklearn_m3l.embedding._image_statistics import ImageStatisticsEncoder
from sklearn_m3l.embedding._lsa import LsaEncoder
from sklearn_m3l.embedding._make_encoder import make_multiview_encoder
from sklearn_m3l.embedding._multiview_encoder import MultiViewEncoder
from sklearn_m3l.embedding._sentence_transformer import SentenceTransformerEncoder
from sklearn_m3l.embedding._static import StaticEncoder
from sklearn_m3l.embedding._vectorizer import WordVectorizer
from sklearn_m3l.embedding._views import ImageView, TextView

__all__ = [
    "Doc2VecEncoder",
    "ImageStatisticsEncoder",
    "ImageView",
    "KeyedVectorsEncoder",
    "LsaEncoder",
    "MultiViewEncoder",
    "SentenceTransformerEncoder",
    "StaticEncoder",
    "TextView",
    "WordVectorizer",
    "make_multiview_encoder",
]
