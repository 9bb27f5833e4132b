#pragma once

#include <string>
#include <string_view>

#include "sidecar/kafka/cluster_map.hpp"

namespace outrider::kafka {

/// Where the map of the cluster called `name` is kept: STATE/kafka/NAME.json. What a file name should not hold is
/// written as %XX.
std::string cluster_map_path(const std::string& state_folder, std::string_view name);

/// Reads a saved map, so that clients that were running before the sidecar find their brokers again. Blocks.
/// @return why the file was ignored, for the log; empty when it was read or when there is none
std::string load_cluster_map(const std::string& path, cluster_map& into);

/// Writes the map beside its place and then moves it there, so that a reader finds the old file or the new one. A file
/// that a crash cost is learned again, which is why nothing is flushed to the disk. Blocks; one thread at a time for
/// one path.
/// @return why it failed; empty when it did not
std::string save_cluster_map(const std::string& path, const cluster_map& from);

}  // namespace outrider::kafka
