#!/usr/bin/env bash
# usage: kafka.sh [VERSION...]
# Prints the folder with the jars of a real Apache Kafka, broker and tools, for each version (without one: for those that are
# tested), fetched once with Maven and kept outside the tree. Exit code 3: there is no Java or Maven for it.
set -euo pipefail
tested=(3.9.1 4.4.0) # the last line with the old protocol versions, and the newest
cache=${XDG_CACHE_HOME:-$HOME/.cache}/outrider
trap 'rm -rf "${fetching:-}"' EXIT

# One binding of slf4j, the one that writes to the standard error; two would fight.
dependency() {
    cat <<END
    <dependency>
      <groupId>$1</groupId><artifactId>$2</artifactId><version>$3</version>
      <exclusions>
        <exclusion><groupId>org.slf4j</groupId><artifactId>slf4j-reload4j</artifactId></exclusion>
        <exclusion><groupId>org.apache.logging.log4j</groupId><artifactId>log4j-slf4j-impl</artifactId></exclusion>
        <exclusion><groupId>org.apache.logging.log4j</groupId><artifactId>log4j-slf4j2-impl</artifactId></exclusion>
      </exclusions>
    </dependency>
END
}

fetch() {
    local version=$1 folder=$2
    command -v java >/dev/null || { echo "no Java here, so Kafka cannot be run" >&2; exit 3; }
    command -v mvn >/dev/null || { echo "no Maven here, so Kafka cannot be fetched" >&2; exit 3; }
    mkdir -p "$cache"
    fetching=$(mktemp -d "$cache/fetching.XXXXXX")
    cat >"$fetching/pom.xml" <<END
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>outrider</groupId><artifactId>kafka-jars</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
$(dependency org.apache.kafka kafka_2.13 "$version")
$(dependency org.apache.kafka kafka-tools "$version")
$(dependency org.slf4j slf4j-simple 1.7.36)
  </dependencies>
</project>
END
    mvn -B -q -f "$fetching/pom.xml" dependency:copy-dependencies "-DoutputDirectory=$fetching/libs" >&2
    # Of two that fetch at once the first wins: a folder that is there is whole.
    mv -T "$fetching/libs" "$folder" 2>/dev/null || [ -d "$folder" ]
    rm -rf "$fetching"
}

[ $# -gt 0 ] || set -- "${tested[@]}"
for version in "$@"; do
    folder=$cache/kafka-$version
    [ -d "$folder" ] || fetch "$version" "$folder"
    echo "$folder"
done
