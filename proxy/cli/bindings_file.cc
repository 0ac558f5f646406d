// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/bindings_file.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <string_view>
#include <utility>
#include <vector>

#include <sys/stat.h>
#include <unistd.h>

#include "bindings/add_secret.h"
#include "proxy/base/bounds.h"
#include "proxy/base/bytes.h"
#include "proxy/cli/confirmation.h"
#include "proxy/cli/files.h"
#include "proxy/cli/home_creation.h"
#include "proxy/cli/policy.h"
#include "proxy/cli/terminal.h"
#include "vault/placeholder_salt.h"

namespace keyswap::cli {

namespace {

using base::bounds::kBindingsFileBytesMax;

std::string resolved(const std::string& path) {
  char* const found = realpath(path.c_str(), nullptr);
  std::string text = found == nullptr ? path : found;
  std::free(found);  // NOLINT(cppcoreguidelines-no-malloc): realpath's own
  return text;
}

std::string folder_of(const std::string& path) {
  return path.substr(0, path.rfind('/'));
}

Failure changed_by_another(const std::string& path) {
  return {Exit::cannot,
          path + " was changed by somebody else just now",
          "nothing was changed; try again"};
}

Problem replace_file(const BindingsFile& file, const std::string& text) {
  if (!says(file, file.text.bindings)) {
    return changed_by_another(file.path);
  }
  const auto written = write_file(file.path, text, file.mode);
  if (written || says(file, text)) {
    return std::nullopt;
  }
  return Failure{Exit::cannot,
                 "cannot write " + file.path + ": " + explain(written.error()),
                 "nothing was changed; make room on the disk, or check the folder's modes"};
}

Outcome<BindingsFile> file_of(const std::string& path,
                              bindings::Parsed parsed,
                              std::vector<std::string> roots) {
  BindingsFile file;
  file.path = resolved(path);
  file.text = {std::move(parsed.text), std::move(roots)};
  file.bindings = std::move(parsed.bindings);

  struct stat info {};

  if (stat(file.path.c_str(), &info) != 0 || !says(file, file.text.bindings)) {
    return changed_by_another(path);
  }
  constexpr mode_t kModeBits = 0777;
  file.mode = info.st_mode & kModeBits;
  return file;
}

Problem begin_where_none_is(const std::string& path) {
  if (access(path.c_str(), F_OK) == 0 || errno != ENOENT) {
    return std::nullopt;
  }
  constexpr mode_t kPrivateMode = 0600;
  if (const auto written = write_file(path, starter_bindings(), kPrivateMode); !written) {
    return Failure{Exit::cannot,
                   "there is no " + path + ", and none can be written: " + explain(written.error()),
                   "put it back from a backup, or check the home's owner and mode"};
  }
  note("there was no " + path + ": it begins anew, without a binding");
  return std::nullopt;
}

}  // namespace

Outcome<BindingsFile> open_bindings(const std::string& path) {
  auto parsed = read_bindings(path);
  if (!parsed) {
    return parsed.failure();
  }
  if (!parsed->errors.empty()) {
    auto refused = accept_bindings(path, std::move(parsed).value());
    return refused ? Failure{} : refused.failure();
  }
  auto roots = read_roots(parsed->bindings);
  if (!roots) {
    return Failure{Exit::usage,
                   "a `ca_file` of " + path + " cannot be used: " + explain(roots.error()),
                   "nothing was changed; see: keyswap bindings check " + path};
  }
  return file_of(path, std::move(parsed).value(), std::move(*roots));
}

Outcome<BindingsFile> open_home_bindings(const Home& home) {
  if (auto problem = begin_where_none_is(home.bindings())) {
    return *std::move(problem);
  }
  return open_bindings(home.bindings());
}

Outcome<BindingsFile> open_home_bindings_to_edit(const Home& home) {
  const std::string path = home.bindings();
  if (auto problem = begin_where_none_is(path)) {
    return *std::move(problem);
  }
  auto parsed = read_bindings(path);
  if (!parsed) {
    return parsed.failure();
  }
  std::vector<std::string> roots;
  if (parsed->errors.empty()) {
    if (auto read = read_roots(parsed->bindings)) {
      roots = std::move(*read);
    }
  }
  return file_of(path, std::move(parsed).value(), std::move(roots));
}

bool says(const BindingsFile& file, const std::string& text) {
  const auto now = read_file(file.path, kBindingsFileBytesMax);
  return now && *now == text;
}

Problem check_name_is_free(const BindingsFile& file, const std::string& name) {
  const bool is_bound = std::ranges::any_of(file.bindings.rules, [&](const auto& rule) {
    return rule.kind != bindings::RuleKind::custom && rule.name.text() == name;
  });
  if (!is_bound) {
    return std::nullopt;
  }
  return Failure{Exit::no,
                 name + " is in " + file.path + " already",
                 "give it a new value with: keyswap secret rotate " + name +
                     "   (or edit the file to bind it elsewhere)"};
}

Outcome<bindings::StandIn> make_placeholder(vault::Vault& vault,
                                            const BindingsFile& file,
                                            const std::string& name,
                                            const bindings::KeyShape* shape,
                                            bindings::Checksum checksum) {
  const auto failed = [](const base::Error& error) {
    return Failure{Exit::cannot, "cannot make a placeholder: " + explain(error), "try again"};
  };
  const auto salt = vault::placeholder_salt(vault);
  if (!salt) {
    return failed(salt.error());
  }
  const auto seed = vault::placeholder_seed(*salt, name);
  if (!seed) {
    return failed(seed.error());
  }
  std::vector<std::string_view> taken;
  for (const auto& rule : file.bindings.rules) {
    if (!rule.placeholder.empty()) {
      taken.emplace_back(rule.placeholder);
    }
  }
  auto made = bindings::make_stand_in(shape, *seed, checksum, taken);
  if (!made) {
    return failed(made.error());
  }
  return std::move(made).value();
}

Outcome<std::string> text_with_entry(const BindingsFile& file,
                                     const std::string& name,
                                     const bindings::YamlNode& entry,
                                     const std::string& comment,
                                     const std::string& hint) {
  auto text = bindings::add_secret(file.text.bindings, name, entry, comment);
  if (!text) {
    return Failure{Exit::usage, file.path + ": " + explain(text.error()), hint};
  }
  auto parsed = parse_bindings(*text, folder_of(file.path));
  if (!parsed.errors.empty()) {
    auto refused = accept_bindings(file.path + " with the new entry", std::move(parsed));
    return Failure{Exit::usage,
                   "the entry does not fit into " + file.path,
                   "nothing was changed; mend what is named above, and try again"};
  }
  return std::move(text).value();
}

Outcome<FileApproval> prepare_approval(const Home& home,
                                       vault::Vault& vault,
                                       const BindingsFile& file,
                                       const ApprovalOptions& options,
                                       Found found) {
  auto standing = standing_of(vault, file.text);
  if (!standing) {
    return standing.failure();
  }
  FileApproval approval;
  approval.before = std::move(standing).value();
  const bool is_of_home = file.path == resolved(home.bindings());
  const bool is_unapproved = approval.before.standing == Standing::unapproved;
  if (is_unapproved && is_of_home && found == Found::kept && !approves_itself(approval.before)) {
    return Failure{Exit::no,
                   file.path + " has changes that nobody approved",
                   "look at them with: keyswap bindings approve   (nothing was changed)"};
  }
  // A home from before approvals: the next start of serve approves what is there then.
  if (approval.before.standing == Standing::never || (is_unapproved && !is_of_home)) {
    approval.is_meant = false;
    return approval;
  }
  auto key = open_approval_key(approval.before, options);
  if (!key) {
    return key.failure();
  }
  approval.key = std::move(key).value();
  return approval;
}

Problem replace_approved(const Home& home,
                         vault::Vault& vault,
                         const BindingsFile& file,
                         const bindings::PolicyText& policy,
                         const FileApproval& approval) {
  if (!approval.is_meant) {
    if (approval.before.standing == Standing::never) {
      remark(
          "nothing is approved in this home yet: the first keyswap serve shows the file, and asks");
    } else if (!approves_itself(approval.before)) {
      note("it is not what is approved; before it is served: keyswap bindings approve --bindings " +
           file.path);
    }
    return replace_file(file, policy.bindings);
  }
  return approve_and_replace(home, vault, approval.before, policy, approval.key, [&] {
    return replace_file(file, policy.bindings);
  });
}

}  // namespace keyswap::cli
