// SPDX-License-Identifier: Apache-2.0
//
// What `demo` and `doctor` play with on loopback and throw away: a folder, a home in it, a root and
// leaves for upstreams of their own, and the proxy (this same binary, as `serve`) on that home.
#pragma once

#include <csignal>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sys/types.h>

#include "ca/leaf.h"
#include "proxy/cli/failure.h"
#include "proxy/cli/home.h"

namespace keyswap::cli {

// Holds SIGINT, SIGTERM, SIGHUP and SIGPIPE as long as it lives: an interrupt ends the proxy, which
// gets the same keys, and with it the play; the folder still goes away.
class HeldInterrupts {
 public:
  HeldInterrupts();
  HeldInterrupts(const HeldInterrupts&) = delete;
  HeldInterrupts& operator=(const HeldInterrupts&) = delete;
  HeldInterrupts(HeldInterrupts&&) = delete;
  HeldInterrupts& operator=(HeldInterrupts&&) = delete;
  ~HeldInterrupts();

  // The mask as it was: what a child begins with.
  [[nodiscard]] const sigset_t& before() const { return before_; }

 private:
  sigset_t before_{};
};

// A folder keyswap-NAME-XXXXXX in $TMPDIR; gone with this.
class Playground {
 public:
  explicit Playground(std::string_view name);
  Playground(const Playground&) = delete;
  Playground& operator=(const Playground&) = delete;
  Playground(Playground&&) = delete;
  Playground& operator=(Playground&&) = delete;
  ~Playground();

  [[nodiscard]] bool is_made() const { return is_made_; }

  [[nodiscard]] const std::string& path() const { return path_; }

  [[nodiscard]] Home home() const { return Home{path_ + "/home"}; }

 private:
  std::string path_;
  bool is_made_ = false;
};

// The audit records of such a home, as they are on disk now. (A play does not fill a segment.)
std::vector<std::string> playground_records(const Home& home);

// A home that its key file opens, with one secret in its vault.
Problem make_playground_home(const Home& home, std::string_view secret, std::string_view value);

// The certificates of upstreams that are none: good for whoever is given the root's file alone.
class UpstreamRoot {
 public:
  // Writes its certificate to `root_file`.
  static base::Result<UpstreamRoot> create(const std::string& root_file);

  [[nodiscard]] base::Result<std::shared_ptr<const ca::Leaf>> leaf(const std::string& host) const;

 private:
  UpstreamRoot(std::shared_ptr<const ca::Authority> authority,
               std::shared_ptr<const ca::LeafKey> key)
      : authority_(std::move(authority)), key_(std::move(key)) {}

  std::shared_ptr<const ca::Authority> authority_;
  std::shared_ptr<const ca::LeafKey> key_;
};

struct PlaygroundProxy {
  pid_t pid = 0;  // 0: none runs
  std::string address;
};

// Does what the proxy says on stderr reach the user?
enum class ProxyStderr : unsigned char { shown, hidden };

// Waits until it accepts; what it began with is ended where it does not. `signal_mask`: it begins
// with.
Outcome<PlaygroundProxy> start_playground_proxy(const Home& home,
                                                const sigset_t& signal_mask,
                                                ProxyStderr said);
// Did it end in good order? True where none ran.
bool stop_playground_proxy(PlaygroundProxy& proxy);

}  // namespace keyswap::cli
