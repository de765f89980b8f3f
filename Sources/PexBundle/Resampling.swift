/// How a picture's samples become those of another size.
public enum Resampling: String, CaseIterable, Sendable {
  /// The one old sample beneath the new one's centre: Pillow's `NEAREST`, TensorFlow's `nearest`, Keras' `load_img`.
  case nearest
  /// Between the two nearest old samples, however much the picture shrinks: TensorFlow's `tf.image.resize` and OpenCV's
  /// `INTER_LINEAR`, within one level.
  case bilinear
  /// The mean of all old samples beneath, weighted by a triangle: Pillow's `BILINEAR`, and so Torchvision's on pictures.
  case bilinearAntialias = "bilinear-antialias"
  /// Pillow's `BICUBIC`.
  case bicubic
  /// Pillow's `LANCZOS`.
  case lanczos
}
