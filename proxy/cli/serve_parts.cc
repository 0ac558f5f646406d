// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/serve_parts.h"

#include <algorithm>
#include <cerrno>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proxy/base/bounds.h"
#include "proxy/base/bytes.h"
#include "proxy/base/thread.h"
#include "proxy/cli/files.h"
#include "proxy/cli/home_creation.h"
#include "proxy/cli/kept_head.h"
#include "vault/signing_key.h"

namespace keyswap::cli {

namespace {

constexpr std::size_t kCertificateBytesMax = std::size_t{64} * 1024;
constexpr std::uint32_t kLoopbackNetwork = 127;

bool is_loopback(const std::string& host) {
  in_addr v4{};
  if (inet_pton(AF_INET, host.c_str(), &v4) == 1) {
    return ntohl(v4.s_addr) >> 24U == kLoopbackNetwork;
  }
  in6_addr v6{};
  return inet_pton(AF_INET6, host.c_str(), &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

bool is_address(const std::string& host) {
  in6_addr any{};
  return inet_pton(AF_INET, host.c_str(), &any) == 1 ||
         inet_pton(AF_INET6, host.c_str(), &any) == 1;
}

bool parse_port(std::string_view text, std::uint16_t& port) {
  if (text.empty() || text.size() > 5 ||
      !std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; })) {
    return false;
  }
  unsigned value = 0;
  for (const char c : text) {
    value = value * 10 + static_cast<unsigned>(c - '0');
  }
  port = static_cast<std::uint16_t>(value);
  return value <= 65'535;
}

Failure authority_failure(const Home& home, const base::Error& error) {
  using base::Errc;
  if (error.code == Errc::unavailable) {
    return {Exit::cannot,
            "the CA certificate " + home.ca() + " is not valid now: " + explain(error),
            "check the clock; if it has expired make a new one: keyswap ca rotate"};
  }
  return {Exit::cannot,
          "the CA cannot be used: " + explain(error),
          "put back ca.pem from a backup, or make a new CA: keyswap ca rotate"};
}

}  // namespace

Outcome<ListenAddress> parse_listen(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  ListenAddress listen;
  if (colon == std::string::npos ||
      !parse_port(std::string_view(text).substr(colon + 1), listen.port)) {
    return Failure{
        Exit::usage, "--listen wants ADDRESS:PORT, not " + text, "like: --listen 127.0.0.1:8472"};
  }
  listen.host = text.substr(0, colon);
  if (listen.host.size() > 2 && listen.host.front() == '[' && listen.host.back() == ']') {
    listen.host = listen.host.substr(1, listen.host.size() - 2);
  } else if (listen.host.find(':') != std::string::npos) {
    return Failure{
        Exit::usage, "an IPv6 address stands in brackets: " + text, "like: --listen [::1]:8472"};
  }
  if (!is_address(listen.host)) {
    return Failure{Exit::usage,
                   "--listen wants an IP address, not " + listen.host,
                   "like: --listen 127.0.0.1:8472"};
  }
  if (!is_loopback(listen.host)) {
    return Failure{
        Exit::usage,
        "refused to listen on " + listen.host + ": everybody who reaches it could use the secrets",
        "listen on 127.0.0.1 or [::1]; other machines come in through ssh -L"};
  }
  return listen;
}

Outcome<std::shared_ptr<const ca::Authority>> open_authority(const Home& home,
                                                             const vault::Vault& vault,
                                                             std::int64_t now_s) {
  const auto certificate = read_file(home.ca(), kCertificateBytesMax);
  if (!certificate) {
    return Failure{Exit::cannot,
                   "no CA certificate at " + home.ca() + ": " + explain(certificate.error()),
                   "put it back from a backup, or make a new CA: keyswap ca rotate"};
  }
  const auto key = vault.fetch_system(kCaKeyName);
  if (!key) {
    return authority_failure(home, key.error());
  }
  auto authority = ca::Authority::open(*key, *certificate, now_s);
  if (!authority) {
    return authority_failure(home, authority.error());
  }
  return std::move(authority).value();
}

Failure log_failure(const std::string& folder, const base::Error& error) {
  using base::Errc;
  if (error.code == Errc::older) {
    return {Exit::cannot,
            "the audit log " + folder + " is not the one that the vault knows: " + explain(error),
            "put it back; or go on with what is there, which records the loss: keyswap audit "
            "accept-loss"};
  }
  const std::string what = "the audit log " + folder + " cannot be opened: " + explain(error);
  if (error.code == Errc::corrupt) {
    return {
        Exit::cannot,
        what,
        "see what is wrong with: keyswap audit verify   (then move the folder away, and: keyswap "
        "audit accept-loss)"};
  }
  if (error.code == Errc::locked) {
    return {Exit::cannot, what, "another proxy writes to it; stop that one first"};
  }
  if (base::is_lack_of_threads(error)) {
    return thread_failure(error);
  }
  if (error.code == Errc::no_space) {
    return {Exit::cannot, what, "make room on the disk: without a record nothing is sent"};
  }
  return {Exit::cannot,
          what,
          "check the folder's modes and the disk: without a record nothing is sent"};
}

Outcome<OpenLog> open_audit_log(const Home& home,
                                const std::string& folder,
                                const vault::Vault& vault,
                                const base::Clock& clock,
                                HeldAgainst held) {
  base::Result<std::optional<audit::Head>> head = std::optional<audit::Head>();
  if (held == HeldAgainst::kept_head) {
    head = kept_head(home, folder, vault);
  }
  if (!head) {
    return log_failure(folder, head.error());
  }
  auto fetched = vault.fetch_system(kSigningSeedName);
  if (!fetched) {
    return log_failure(folder, fetched.error());
  }
  auto made = vault::SigningKey::of(*fetched);
  if (!made) {
    return log_failure(folder, made.error());
  }
  // Shared, because a std::function must be copyable; the log is the only holder.
  const auto key = std::make_shared<const vault::SigningKey>(std::move(*made));
  const auto public_key = key->public_key();
  auto log =
      audit::Log::open({.folder = folder,
                        .segment_bytes = base::bounds::kAuditSegmentBytes,
                        .sign = [key](std::string_view message) { return key->sign(message); },
                        .public_key = public_key,
                        .clock = &clock,
                        .head = *head});
  if (!log) {
    return log_failure(folder, log.error());
  }
  return OpenLog{
      std::move(log).value(),
      base::to_hex({reinterpret_cast<const char*>(public_key.data()), public_key.size()})};
}

Problem raise_open_files() {
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) != 0) {
    return Failure{Exit::cannot, "cannot read the limit of open files", ""};
  }
  files.rlim_cur = files.rlim_max;
  static_cast<void>(setrlimit(RLIMIT_NOFILE, &files));  // what counts is what is there now
  static_cast<void>(getrlimit(RLIMIT_NOFILE, &files));
  if (files.rlim_cur < kOpenFilesMin) {
    return Failure{Exit::cannot,
                   "too few open files are allowed: " + std::to_string(files.rlim_cur) +
                       ", needed are " + std::to_string(kOpenFilesMin),
                   "raise the limit: ulimit -n 4096, or LimitNOFILE=65536 in a systemd unit"};
  }
  return std::nullopt;
}

}  // namespace keyswap::cli
