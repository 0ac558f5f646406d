// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/bundle.h"

#include <algorithm>
#include <charconv>
#include <vector>

#include "proxy/base/bounds.h"
#include "proxy/cli/files.h"
#include "proxy/cli/trust.h"

namespace keyswap::cli {

namespace {

constexpr mode_t kPublicMode = 0644;
constexpr std::string_view kUntil = "until ";

struct OldRoot {
  std::int64_t until_s = 0;
  std::string certificate;
};

bool is_living(const OldRoot& root, std::int64_t now_s) {
  return now_s < root.until_s && root.until_s <= now_s + base::bounds::kLeafLifeSeconds;
}

// Those that are to be trusted; what is not of the form is passed over.
std::vector<OldRoot> read_living(std::string_view kept, std::int64_t now_s) {
  std::vector<OldRoot> roots;
  for (std::size_t at = kept.find(kUntil); at != std::string_view::npos;) {
    const std::size_t next = kept.find(kUntil, at + kUntil.size());
    const std::string_view entry =
        kept.substr(at, next == std::string_view::npos ? next : next - at);
    OldRoot root;
    const std::string_view digits = entry.substr(kUntil.size());
    std::from_chars(digits.data(), digits.data() + digits.size(), root.until_s);
    const std::vector<std::string> certificates = pem_certificates(entry);
    if (certificates.size() == 1 && is_living(root, now_s)) {
      root.certificate = certificates.front();
      roots.push_back(std::move(root));
    }
    at = next;
  }
  return roots;
}

}  // namespace

std::string with_old_root(std::string_view kept,
                          std::string_view certificate_pem,
                          std::int64_t until_s,
                          std::int64_t now_s) {
  std::vector<OldRoot> roots = read_living(kept, now_s);
  roots.push_back({until_s, std::string(certificate_pem)});
  const std::size_t left_out = roots.size() - std::min(roots.size(), base::bounds::kOldRootsMax);
  std::string text =
      "# CAs before the one in force, with the time of the end of their last leaves.\n";
  for (std::size_t i = left_out; i < roots.size(); ++i) {
    text += std::string(kUntil) + std::to_string(roots[i].until_s) + "\n" + roots[i].certificate;
  }
  return text;
}

std::string living_roots(std::string_view kept, std::int64_t now_s) {
  std::string pem;
  for (const OldRoot& root : read_living(kept, now_s)) {
    pem += root.certificate;
  }
  return pem;
}

std::string living_old_roots(const Home& home, std::int64_t now_s) {
  const auto kept = read_file(home.old_ca(), kOldRootsBytesMax);
  return kept ? living_roots(*kept, now_s) : std::string();
}

std::string bundle_of(const Home& home, const std::string& certificate_pem, std::int64_t now_s) {
  return merge_pem({host_roots(), certificate_pem, living_old_roots(home, now_s)});
}

base::Status write_certificates(const Home& home,
                                const std::string& certificate_pem,
                                std::int64_t now_s) {
  KS_TRY(write_file_if_changed(home.ca(), certificate_pem, kPublicMode));
  return write_file_if_changed(home.bundle(), bundle_of(home, certificate_pem, now_s), kPublicMode);
}

}  // namespace keyswap::cli
