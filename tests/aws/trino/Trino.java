import static io.trino.testing.TestingSession.testSessionBuilder;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.inject.util.Modules;
import io.trino.plugin.iceberg.InternalIcebergConnectorFactory;
import io.trino.spi.connector.Connector;
import io.trino.spi.connector.ConnectorContext;
import io.trino.spi.connector.ConnectorFactory;
import io.trino.spi.type.TimeZoneKey;
import io.trino.testing.LocalQueryRunner;
import io.trino.testing.MaterializedRow;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Executes each statement of a JSON list in one process, on Iceberg tables, and writes the rows of each, or its error, as JSON. */
public class Trino {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String CATALOG = "awsdatacatalog";

    @SuppressWarnings("unchecked")
    public static void main(String[] arguments) throws Exception {
        Map<String, String> properties = JSON.readValue(Path.of(arguments[0]).toFile(), Map.class);
        var session = testSessionBuilder().setCatalog(CATALOG).setSchema("default").setTimeZoneKey(TimeZoneKey.UTC_KEY).build();
        var results = new ArrayList<Object>();
        try (var runner = LocalQueryRunner.create(session)) {
            runner.createCatalog(CATALOG, new Iceberg(), properties);
            for (String statement : JSON.readValue(Path.of(arguments[1]).toFile(), String[].class)) {
                results.add(execute(runner, statement));
            }
        }
        Files.writeString(Path.of(arguments[2]), JSON.writeValueAsString(results));
        System.exit(0);
    }

    /** The connector without a class loader of its own. */
    private static class Iceberg implements ConnectorFactory {
        @Override
        public String getName() {
            return "iceberg";
        }

        @Override
        public Connector create(String catalog, Map<String, String> properties, ConnectorContext context) {
            return InternalIcebergConnectorFactory.createConnector(
                    catalog, properties, context, Modules.EMPTY_MODULE, Optional.empty(), Optional.empty());
        }
    }

    private static Object execute(LocalQueryRunner runner, String statement) {
        try {
            var rows = new ArrayList<List<Object>>();
            for (MaterializedRow row : runner.execute(statement).getMaterializedRows()) {
                rows.add(row.getFields().stream().map(Trino::plain).toList());
            }
            return rows;
        } catch (RuntimeException error) {
            return String.valueOf(error.getMessage());
        }
    }

    private static Object plain(Object value) {
        return value == null || value instanceof Number || value instanceof Boolean || value instanceof List ? value : value.toString();
    }
}
