// SPDX-License-Identifier: Apache-2.0
//
// The file home/serve.lock: at most one proxy on a home, and where it listens. Three bytes of it
// are locked, each for itself (open-file-description locks: they end with their holder however it
// ends, and a child does not inherit them past exec):
//   byte 0  held by the proxy while it runs
//   byte 1  shared by every `keyswap run`: a proxy that was started for them alone ends when
//           nobody holds it
//   byte 2  held by a `run` while it looks for a proxy or starts one
// The file is never removed: its text counts only while byte 0 is held. Whoever can write the home
// can remove it, or write another text: what must not be mistaken asks the vault
// (proxy/cli/confirmation.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "proxy/cli/failure.h"
#include "proxy/cli/files.h"
#include "proxy/cli/home.h"
#include "proxy/net/troubles.h"

namespace keyswap::cli {

// What became of the reloads since the proxy is ready.
struct Reloads {
  std::uint64_t begun = 0;
  std::uint64_t done = 0;
  std::string refused = {};  // "" unless the last one did not come into force as it was
  std::string hint = {};
};

struct RunningProxy {
  pid_t pid = 0;
  std::string address;   // "127.0.0.1:8472"; "" while it is starting
  std::string bindings;  // the file it serves
  Reloads reloads = {};
  std::vector<std::string> listen = {};  // all addresses, where `address` does not say it
  std::string manage = {};               // where management listens; "" nowhere
  std::string audit = {};  // its log's folder (name_of_audit_folder); "": an earlier version
  net::Troubles troubles = {};

  // Before that nobody signals it.
  [[nodiscard]] bool is_ready() const { return pid > 0 && !address.empty(); }
};

// One lock on one byte of the file.
class ServeLock {
 public:
  enum class Byte : unsigned char { serving = 0, using_it = 1, looking = 2 };
  enum class Kind : unsigned char { shared, exclusive };
  enum class Wait : unsigned char { no, yes };

  // Nothing when another holds it (and Wait::no).
  static Outcome<std::optional<ServeLock>> take(const Home& home, Byte byte, Kind kind, Wait wait);

  // Does another hold it in a way that would keep us from taking it?
  static bool is_held(const Home& home, Byte byte, Kind kind);

  // Replaces the file's text; by the holder of `serving`.
  Problem announce(const RunningProxy& proxy);

  // Makes and locks the file anew, with its text, where its name leads to another one by now, or to
  // none. A failure when another process holds that one, once as long as it lasts. By the holder of
  // `serving`, from time to time, not beside announce().
  Problem keep_in_place(const Home& home);

 private:
  explicit ServeLock(File file) : file_(std::move(file)) {}

  [[nodiscard]] bool is_in_place(const Home& home) const;
  [[nodiscard]] std::string text() const;
  Problem write_text(const std::string& text);

  File file_;
  bool is_told_ = false;  // that it is not in place
};

// The text of the file, and back; pure.
std::string encode_running(const RunningProxy& proxy);
std::optional<RunningProxy> decode_running(const std::string& text);

// What the last proxy said, whether it runs or not.
std::optional<RunningProxy> read_announced(const Home& home);
// The proxy that holds `serving` now, if one does.
std::optional<RunningProxy> find_running(const Home& home);
// The same, once it is ready; waits at most `wait_ms` for one that is starting.
std::optional<RunningProxy> find_ready(const Home& home, int wait_ms);

}  // namespace keyswap::cli
