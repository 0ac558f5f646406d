// SPDX-License-Identifier: Apache-2.0
//
// The upstream of `demo` and `doctor`: a TLS server on loopback that insists on the real key (200,
// else 401), and notes what each request brought and whether its decision was on disk by then (I6).
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "ca/leaf.h"
#include "proxy/cli/terminal.h"
#include "proxy/cli/tls_stream.h"

namespace keyswap::cli {

struct SeenRequest {
  enum class Credential : unsigned char { none, real_key, placeholder, other };
  std::string line;  // "POST /v1/answers"
  Credential credential = Credential::none;
  bool was_on_record = false;
};

class DemoUpstream {
 public:
  struct Settings {
    const LockedText* key;
    std::string placeholder;
    // Is the decision about this request ("POST", "/v1/answers") in the audit log now?
    std::function<bool(const std::string& method, const std::string& path)> is_on_record;
    // Says back what came as the credential, and closes: what an upstream must not be able to do.
    bool echoes = false;
  };

  // Listens and begins to serve; `leaf` is what it shows.
  static base::Result<std::unique_ptr<DemoUpstream>> start(std::shared_ptr<const ca::Leaf> leaf,
                                                           Settings settings);
  DemoUpstream(const DemoUpstream&) = delete;
  DemoUpstream& operator=(const DemoUpstream&) = delete;
  DemoUpstream(DemoUpstream&&) = delete;
  DemoUpstream& operator=(DemoUpstream&&) = delete;
  ~DemoUpstream();

  [[nodiscard]] std::uint16_t port() const { return listener_.port; }

  [[nodiscard]] std::vector<SeenRequest> seen() const;

 private:
  DemoUpstream(LoopbackListener listener,
               std::shared_ptr<const tls::ServerContext> context,
               std::shared_ptr<const ca::Leaf> leaf,
               Settings settings);
  void serve();
  void serve_connection(File socket);
  bool answer(TlsStream& stream, std::string_view request);

  LoopbackListener listener_;
  std::shared_ptr<const tls::ServerContext> context_;
  std::shared_ptr<const ca::Leaf> leaf_;
  Settings settings_;
  mutable std::mutex mutex_;
  std::vector<SeenRequest> seen_;
  std::atomic<bool> is_stopping_ = false;
  std::thread thread_;
};

}  // namespace keyswap::cli
