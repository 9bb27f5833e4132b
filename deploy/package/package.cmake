# What `cmake --install` puts where, and the Debian package that `cpack` makes of it (build first: cpack builds nothing).
include(GNUInstallDirs)
find_package(Python3 COMPONENTS Interpreter)
set(package ${CMAKE_CURRENT_LIST_DIR})
set(package_made ${PROJECT_BINARY_DIR}/package)

install(TARGETS outrider RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})

# Manual and completions say what `--help` of the program that is installed says, so they are written when it is.
install(CODE "
  set(program \"${PROJECT_BINARY_DIR}/outrider\")
  set(made \"${package_made}\")
  file(MAKE_DIRECTORY \${made})
  foreach(command
      \"${package}/manual.py;\${program};${PROJECT_VERSION};\${made}/outrider.1\"
      \"${package}/completions.py;\${program};\${made}/outrider;\${made}/_outrider\")
    execute_process(COMMAND \"${Python3_EXECUTABLE}\" -B \${command} COMMAND_ERROR_IS_FATAL ANY)
  endforeach()
  file(COPY_FILE \"${package}/changelog\" \${made}/changelog)
  foreach(text outrider.1 changelog)
    execute_process(COMMAND gzip -9nf \${made}/\${text} COMMAND_ERROR_IS_FATAL ANY)
  endforeach()")
install(FILES ${package_made}/outrider.1.gz DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES ${package_made}/outrider DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
install(FILES ${package_made}/_outrider DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions)

set(policies ${PROJECT_SOURCE_DIR}/policies)
install(FILES ${policies}/sidecar.schema.json ${policies}/policies.schema.json ${policies}/flows.schema.json
  DESTINATION ${CMAKE_INSTALL_DATADIR}/outrider)
install(DIRECTORY ${policies}/ DESTINATION ${CMAKE_INSTALL_DATADIR}/outrider/policies
  FILES_MATCHING PATTERN "*.yaml" PATTERN "*.json" PATTERN "*.schema.json" EXCLUDE)
install(FILES ${PROJECT_SOURCE_DIR}/deploy/monitoring/alerts.yaml ${PROJECT_SOURCE_DIR}/deploy/monitoring/dashboard.json
  DESTINATION ${CMAKE_INSTALL_DATADIR}/outrider/monitoring)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/deploy/guide DESTINATION ${CMAKE_INSTALL_DOCDIR} FILES_MATCHING PATTERN "*.md")
install(FILES ${package_made}/changelog.gz ${package}/copyright DESTINATION ${CMAKE_INSTALL_DOCDIR})

# What lies outside of any prefix is in the package alone.
file(COPY ${package}/outrider.yaml DESTINATION ${package_made}/root/etc/outrider)
file(COPY ${PROJECT_SOURCE_DIR}/deploy/systemd/ DESTINATION ${package_made}/root/lib/systemd/system)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${package}/outrider.yaml
  ${PROJECT_SOURCE_DIR}/deploy/systemd/outrider.service ${PROJECT_SOURCE_DIR}/deploy/systemd/outrider@.service)
set(CPACK_INSTALLED_DIRECTORIES ${package_made}/root /)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_THREADS 0)
set(CPACK_PACKAGE_NAME outrider)
set(CPACK_PACKAGE_CONTACT "Outrider maintainers <maintainers@outrider.example>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "sidecar for the HTTP and Kafka traffic of a service")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION "Outrider stands beside a service and carries its HTTP traffic in both
 directions and its Kafka traffic. Without a change to the service it joins
 what it does to traces over services and topics, enforces rate limits,
 circuit breakers, timeouts, retries and fallbacks that are written in YAML,
 and tells load balancers and registries whether the service may be sent
 traffic.")
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "adduser, init-system-helpers (>= 1.52)")
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS ca-certificates)
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "librdkafka1, nftables")
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${package}/conffiles ${package}/postinst ${package}/prerm ${package}/postrm)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
include(CPack)
