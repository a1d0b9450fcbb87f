# What `__init__.py` imports at first use, for type checkers and editors.
from sklearn_m3l import datasets as datasets
from sklearn_m3l import display as display
from sklearn_m3l import distributed as distributed
from sklearn_m3l import embedding as embedding
from sklearn_m3l import inspection as inspection
from sklearn_m3l import metrics as metrics
from sklearn_m3l import models as models
from sklearn_m3l import multiview as multiview
from sklearn_m3l import persistence as persistence
from sklearn_m3l.models import DistilledTopicModel as DistilledTopicModel
from sklearn_m3l.models import M3LContrastTopicModel as M3LContrastTopicModel
from sklearn_m3l.models import PolylingualLDA as PolylingualLDA
from sklearn_m3l.models import ZeroShotTopicModel as ZeroShotTopicModel
from sklearn_m3l.multiview import MultiView as MultiView
from sklearn_m3l.multiview import View as View
from sklearn_m3l.multiview import mine_pairs as mine_pairs
from sklearn_m3l.multiview import mine_tuples as mine_tuples
from sklearn_m3l.persistence import load_model as load_model
from sklearn_m3l.persistence import save_model as save_model

__version__: str
