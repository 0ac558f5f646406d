// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/serve_parts.h"

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
