import PexKeras
import Testing
